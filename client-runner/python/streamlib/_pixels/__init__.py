"""Pictures of any pixel format: their planes, their components, and pictures that are not in shared memory yet."""
