"""Files for `import_file`, as a client of the pod uploads them."""

import httpx2

from tests.blender.pod_process import RunningPod


async def upload(pod: RunningPod, name: str, data: bytes) -> None:
    """Give the pod a file under that name."""
    async with httpx2.AsyncClient() as client:
        url = f"{pod.base_url}/files/imports/{name}"
        response = await client.put(url, content=data, headers={"Authorization": f"Bearer {pod.bearer()}"})
    assert response.status_code == 201, response.text
