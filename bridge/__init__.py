"""The method: I²SB bridges between a damaged photo x_1 and the clean one x_0.

NumPy at run time; only `networks`, `train` and `checkpoint` import torch. Nothing
here knows of HTTP, Redis or Triton. The equations are those of I²SB (Liu et al.
2023, arXiv:2302.05872) and DBIM (Zheng et al. 2024, arXiv:2405.15885).
"""
