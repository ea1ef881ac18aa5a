"""Train on the states that a sampler really visits instead of on the bridge's marginal.

With few steps the estimates that x_t is mixed from are far from x_0, and a network that has
only seen the marginal (I²SB Eq. 11) meets states at test time that it never learnt from. Here
the network itself walks the first steps, without a gradient, and learns from where it arrived:
the remedy of DAgger (Ross et al. 2011, arXiv:1011.0686) for a bridge of a few steps.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from bridge.batches import Batch
from bridge.plan import Plan


@torch.no_grad()
def walked(batch: Batch, network: nn.Module, plan: Plan, done: int, seed: int) -> Batch:
    """`batch` with x_t and t as they stand after `done` of `plan`'s evaluations from x_1.

    Estimates are clamped and completed as the sampler does; noise follows `seed`. Raises
    ValueError where no evaluation would be left, or for a plan that remembers estimates.
    """
    if not 0 <= done < plan.steps:
        raise ValueError(f"done must lie in 0..{plan.steps - 1}, not {done}")
    if any(row.w_before for row in plan.rows):
        raise ValueError(f"{plan.sampler} mixes estimates of several steps")
    generator = torch.Generator(batch.x_1.device).manual_seed(seed)
    x_t = batch.x_1
    for row in plan.rows[:done]:
        x_0 = network(x_t, _time(batch, row.t), batch.x_1, batch.mask).float()
        x_0 = batch.completed(x_0.clamp(-1, 1))
        x_t = row.w_x0 * x_0 + row.w_xt * x_t + row.w_x1 * batch.x_1
        if row.noisy:
            noise = torch.randn(x_t.shape, generator=generator, device=x_t.device)
            x_t = x_t + row.std * noise
    return replace(batch, x_t=x_t, t=_time(batch, plan.rows[done].t))


def _time(batch: Batch, t: float) -> Tensor:
    return torch.full_like(batch.t, t)
