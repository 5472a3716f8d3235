"""RGB -> embeddings: the catalogue, the runtimes, the cache and the pipeline."""
