"""The container images: what goes into them, how they are built and how the product runs from them."""
