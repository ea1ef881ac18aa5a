"""Webhooks: the end of a job, told to the address that the job named.

By the Standard Webhooks specification 1.0.0: signed, retried over three days, stopped by a 410.
What is to be told lies in Redis from the moment it is enqueued, so that a killed process loses
nothing; an endpoint may see a delivery twice, and knows it by its webhook-id.
"""

from service.archive.webhooks.deliver import deliver_forever
from service.archive.webhooks.delivery import Attempt, Delivery
from service.archive.webhooks.events import JobEvent, job_event
from service.archive.webhooks.guard import BadWebhook, Guard
from service.archive.webhooks.signing import Signer
from service.archive.webhooks.store import NoSuchDelivery, WebhookStore

__all__ = [
    "Attempt",
    "BadWebhook",
    "Delivery",
    "Guard",
    "JobEvent",
    "NoSuchDelivery",
    "Signer",
    "WebhookStore",
    "deliver_forever",
    "job_event",
]
