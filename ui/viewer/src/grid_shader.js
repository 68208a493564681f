/** Lines of the floor's grid: small cells, large cells of ten, the two axes of Blender, all fading with the distance. */

export const GRID_VERTEX = /* glsl */ `
varying vec2 place;
void main() {
  vec4 world = modelMatrix * vec4(position, 1.0);
  place = vec2(position.x * modelMatrix[0][0], position.z * modelMatrix[2][2]);
  gl_Position = projectionMatrix * viewMatrix * world;
}`;

export const GRID_FRAGMENT = /* glsl */ `
uniform float cell;
uniform float reach;
uniform vec2 middle;
uniform vec2 origin;
uniform vec3 line;
uniform float strength;
varying vec2 place;

// How much of this pixel lines of this period cover; nothing where they come closer than pixels can show.
float lines(float period) {
  vec2 at = place / period;
  vec2 wide = fwidth(at);
  vec2 off = abs(fract(at - 0.5) - 0.5) / wide;
  vec2 shown = (1.0 - min(off, 1.0)) * (1.0 - smoothstep(0.1, 0.45, wide));
  return max(shown.x, shown.y);
}

void main() {
  float far = length(place - middle) / reach;
  float fade = pow(1.0 - min(far, 1.0), 2.0);
  float amount = max(lines(cell) * 0.45, lines(cell * 10.0)) * strength;
  vec3 colour = line;
  vec2 fromAxis = abs(place - origin) / fwidth(place);
  // Blender's X runs along our x, its Y along our -z.
  if (fromAxis.y < 1.0) { amount = max(amount, 0.75 * (1.0 - fromAxis.y)); colour = vec3(0.82, 0.28, 0.30); }
  if (fromAxis.x < 1.0) { amount = max(amount, 0.75 * (1.0 - fromAxis.x)); colour = vec3(0.42, 0.62, 0.20); }
  gl_FragColor = vec4(colour, amount * fade);
}`;
