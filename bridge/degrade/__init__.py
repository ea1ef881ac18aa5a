"""The operators that damage a photo: from clean pixels to the x_1 that a bridge starts at.

Arrays are float32 [3,H,W] in [-1,1] unless an operator says otherwise. `recipes` names
what each task trains and is judged on; `benchmark` is for the I²SB authors' checkpoints
only; the other files hold one operator each.
"""
