"""A method's optimiser as optax has it, without the learning rate: that is applied outside, group by group."""

import optax

from empirical.methods.optimisers import SGD, AdamW


def direction(optimiser: SGD | AdamW) -> optax.GradientTransformation:
    """From gradients to the step at learning rate 1, to be subtracted."""
    match optimiser:
        case SGD():
            decay = [optax.add_decayed_weights(optimiser.weight_decay)] if optimiser.weight_decay else []
            momentum = [optax.trace(decay=optimiser.momentum)] if optimiser.momentum else []
            return optax.chain(optax.identity(), *decay, *momentum)
        case AdamW():
            adam = optax.scale_by_adam(optimiser.first_moment, optimiser.second_moment, optimiser.epsilon)
            return optax.chain(adam, optax.add_decayed_weights(optimiser.weight_decay))
