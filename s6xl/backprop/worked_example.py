"""The worked example: a 2-2-2 sigmoid network without biases, with the start values of the original workbook."""

from s6xl.backprop.network import Network, Quantity

_DELTA_1 = "(a_o1 - t1)*a_o1*(1 - a_o1)"
_DELTA_2 = "(a_o2 - t2)*a_o2*(1 - a_o2)"
_TO_H1 = f"({_DELTA_1}*w5 + {_DELTA_2}*w7)"
_TO_H2 = f"({_DELTA_1}*w6 + {_DELTA_2}*w8)"

NETWORK = Network(
    title="A 2-2-2 sigmoid network",
    inputs=("i1", "i2"),
    targets=("t1", "t2"),
    weights=("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"),
    layers=((("h1", "a_h1"), ("h2", "a_h2")), (("o1", "a_o1"), ("o2", "a_o2"))),
    connections={
        "w1": ("i1", "h1"),
        "w2": ("i2", "h1"),
        "w3": ("i1", "h2"),
        "w4": ("i2", "h2"),
        "w5": ("a_h1", "o1"),
        "w6": ("a_h2", "o1"),
        "w7": ("a_h1", "o2"),
        "w8": ("a_h2", "o2"),
    },
    errors=("E1", "E2"),
    quantities=(
        Quantity("h1", "w1*i1 + w2*i2", "what flows into the first hidden neuron"),
        Quantity("a_h1", "sigmoid(h1)", "the first hidden neuron's activation"),
        Quantity("h2", "w3*i1 + w4*i2", "what flows into the second hidden neuron"),
        Quantity("a_h2", "sigmoid(h2)", "the second hidden neuron's activation"),
        Quantity("o1", "w5*a_h1 + w6*a_h2", "what flows into the first output neuron"),
        Quantity("a_o1", "sigmoid(o1)", "the first output"),
        Quantity("o2", "w7*a_h1 + w8*a_h2", "what flows into the second output neuron"),
        Quantity("a_o2", "sigmoid(o2)", "the second output"),
        Quantity("E1", "0.5*(t1 - a_o1)**2", "the first output's error: half its squared distance from the target"),
        Quantity("E2", "0.5*(t2 - a_o2)**2", "the second output's error: half its squared distance from the target"),
        Quantity("E_tot", "E1 + E2", "the total error, which gradient descent makes small"),
        Quantity("dE_dw1", f"{_TO_H1}*a_h1*(1 - a_h1)*i1", "how the total error changes with w1"),
        Quantity("dE_dw2", f"{_TO_H1}*a_h1*(1 - a_h1)*i2", "how the total error changes with w2"),
        Quantity("dE_dw3", f"{_TO_H2}*a_h2*(1 - a_h2)*i1", "how the total error changes with w3"),
        Quantity("dE_dw4", f"{_TO_H2}*a_h2*(1 - a_h2)*i2", "how the total error changes with w4"),
        Quantity("dE_dw5", f"{_DELTA_1}*a_h1", "how the total error changes with w5"),
        Quantity("dE_dw6", f"{_DELTA_1}*a_h2", "how the total error changes with w6"),
        Quantity("dE_dw7", f"{_DELTA_2}*a_h1", "how the total error changes with w7"),
        Quantity("dE_dw8", f"{_DELTA_2}*a_h2", "how the total error changes with w8"),
    ),
    partials=(
        Quantity("dE1_da_o1", "a_o1 - t1", "how the first error changes with the first output"),
        Quantity("dE2_da_o2", "a_o2 - t2", "how the second error changes with the second output"),
        Quantity("da_o1_do1", "a_o1*(1 - a_o1)", "the sigmoid's slope at the first output neuron"),
        Quantity("da_o2_do2", "a_o2*(1 - a_o2)", "the sigmoid's slope at the second output neuron"),
        Quantity("do1_dw5", "a_h1", "what w5 is multiplied with"),
        Quantity("do1_dw6", "a_h2", "what w6 is multiplied with"),
        Quantity("do2_dw7", "a_h1", "what w7 is multiplied with"),
        Quantity("do2_dw8", "a_h2", "what w8 is multiplied with"),
        Quantity("dE1_da_h1", f"{_DELTA_1}*w5", "how the first error changes with the first hidden activation"),
        Quantity("dE2_da_h1", f"{_DELTA_2}*w7", "how the second error changes with the first hidden activation"),
        Quantity("dE_da_h1", f"{_DELTA_1}*w5 + {_DELTA_2}*w7", "both paths back to the first hidden activation"),
        Quantity("dE_da_h2", f"{_DELTA_1}*w6 + {_DELTA_2}*w8", "both paths back to the second hidden activation"),
        Quantity("da_h1_dh1", "a_h1*(1 - a_h1)", "the sigmoid's slope at the first hidden neuron"),
        Quantity("da_h2_dh2", "a_h2*(1 - a_h2)", "the sigmoid's slope at the second hidden neuron"),
        Quantity("dh1_dw1", "i1", "what w1 is multiplied with"),
        Quantity("dh1_dw2", "i2", "what w2 is multiplied with"),
        Quantity("dh2_dw3", "i1", "what w3 is multiplied with"),
        Quantity("dh2_dw4", "i2", "what w4 is multiplied with"),
    ),
    chains={
        "dE_dw1": ("dE_da_h1", "da_h1_dh1", "dh1_dw1"),
        "dE_dw2": ("dE_da_h1", "da_h1_dh1", "dh1_dw2"),
        "dE_dw3": ("dE_da_h2", "da_h2_dh2", "dh2_dw3"),
        "dE_dw4": ("dE_da_h2", "da_h2_dh2", "dh2_dw4"),
        "dE_dw5": ("dE1_da_o1", "da_o1_do1", "do1_dw5"),
        "dE_dw6": ("dE1_da_o1", "da_o1_do1", "do1_dw6"),
        "dE_dw7": ("dE2_da_o2", "da_o2_do2", "do2_dw7"),
        "dE_dw8": ("dE2_da_o2", "da_o2_do2", "do2_dw8"),
    },
    columns=(
        *("t1", "t2", "i1", "i2", "w1", "w2", "w3", "w4", "h1", "a_h1", "h2", "a_h2", "w5", "w6", "w7", "w8"),
        *("o1", "a_o1", "o2", "a_o2", "E1", "E2", "E_tot"),
        *("dE_dw1", "dE_dw2", "dE_dw3", "dE_dw4", "dE_dw5", "dE_dw6", "dE_dw7", "dE_dw8"),
    ),
    loss="E_tot",
)

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
