"""A small cluster on this machine that runs the images as the manifests say: real API server and controllers, podman
for the containers, and what stands in for the rest of a node (kubelet, Services) here."""
