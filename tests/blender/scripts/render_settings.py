import bpy

scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples = 64
scene.cycles.use_denoising = True
scene.render.resolution_x, scene.render.resolution_y = 1280, 720
scene.render.film_transparent = True
scene.view_settings.look = "AgX - High Contrast"
scene.render.image_settings.file_format = "OPEN_EXR"
scene.render.filepath = "//render/out_"
scene.frame_end = 120
scene.render.fps = 30
scene.unit_settings.scale_length = 0.01
