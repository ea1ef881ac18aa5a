"""MANY photos: jobs, the queue in Redis, workers, blob storage, events, results."""
