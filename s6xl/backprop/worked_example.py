"""The worked example: a 2-2-2 sigmoid network without biases, with the start values of the original workbook."""

from s6xl.backprop.dense import dense

NETWORK = dense((2, 2, 2), title="A 2-2-2 sigmoid network")

# The original workbook's slip: the gradients of w3 and w4 take the slope of the sigmoid at h1 in place of h2.
NETWORK_AS_SUBMITTED = NETWORK.with_sources(
    {name: NETWORK[name].source.replace("a_h2*(1 - a_h2)", "a_h1*(1 - a_h1)") for name in ("dE_dw3", "dE_dw4")},
    warning="As submitted: ∂E/∂w3 and ∂E/∂w4 use a_h1 where a_h2 is right, as the original does. Check shows it.",
)

TARGETS = (0.5, 0.5)
INPUTS = (0.05, 0.1)
WEIGHTS = (0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55)
LEARNING_RATES = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)
STEPS = 68
