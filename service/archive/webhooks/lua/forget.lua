-- Forget all deliveries of a job.
-- given: job.

for _, id in ipairs(call('ZRANGE', job_key(given(1)), 0, -1)) do
  forget(id)
end
