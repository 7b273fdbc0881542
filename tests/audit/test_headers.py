"""Headers as people write them."""

import pytest

from s6xl.audit.headers import label, read

SPELLINGS = {
    "a_h1": "a_h1|out_h1|act_h1|A_H1|a h1|a_h₁|a(h1)|outh1|h1 out|σ(h1)|a_{h1}|Act. h1|a_h1 = σ(h1)|h1_out|Out(h1)",
    "a_o1": "a_o1|a_01|out_o1|act_o1|out_01|a_o₁|A_O1|σ(o1)|ŷ1|o1 out",
    "a_o2": "a_o2|a_02|out_o2",
    "h2": "h2|H2|net_h2|z_h2|in_h2|h₂|sum h2|h2 = w3*i1+w4*i2",
    "o1": "o1|net_o1|O1|0_1|z_o1",
    "E1": "E1|E_1|E_o1|Error 1|e1|E₁|err1|E1 = ½(t1-a_o1)²",
    "E_tot": "E_tot|E_total|E-total|Etotal|E tot|TOTAL ERROR|E_t|E|Total Error|E total|loss|E_TOTAL",
    "dE_dw1": "∂E/∂w1|∂E_t/∂w1|δE_tot/δw1|𝜕E_t/𝜕w1|dE_total / dw1|dE_t/dw1|dE/dw1|∂Etotal/∂w1|dEdw1|"
    "dE_dw1|∂E/∂w₁|∂E / ∂W1|∂E_tot/∂w1|ΔE/Δw1|dw1|grad w1|∇w1|gradient w1|dE/dw1 (i1)",
    "dE_db1": "∂E/∂b1|dE/db1|db1",
    "w1": "w1|W1|w_1|w₁|weight 1|w1 (i1→h1)|w1: i1 → h1|w 1",
    "w1_next": "w1 new|new w1|w1+|w1'|w1 (new)|w1_next|updated w1|w1(t+1)",
    "t1": "t1|T1|t_1|target 1|target1",
    "i2": "i2|I2|x2|input 2|i₂|in2",
    "b1": "b1|bias 1|B1|b_1",
    "lr": "η|eta|lr|LR|Learning Rate|learning_rate|α",
    "step": "step|Epoch|iteration|#|No.",
    "dE1_da_o1": "∂E1/∂a_o1|dE_o1/dout_o1|∂E_1/∂out_o1",
    "da_o1_do1": "∂a_o1/∂o1|dout_o1/dnet_o1",
    "do1_dw5": "∂o1/∂w5|dnet_o1/dw5",
    "dE_do1": "δ_o1|delta_o1|∂E/∂net_o1|d_o1",
}


@pytest.mark.parametrize(
    ("name", "spelling"), [(name, text) for name, texts in SPELLINGS.items() for text in texts.split("|")]
)
def test_spellings(name: str, spelling: str) -> None:
    assert read(spelling)[0] == name


@pytest.mark.parametrize("text", ["η =", "η:", "LR =", "learning rate:", "eta = "])
def test_labels(text: str) -> None:
    assert label(text) == ("lr",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Name",
        "Grade",
        "Points",
        "w9",
        "Hello",
        "a",
        "42",
        "∂/∂",
        "d/d",
        "x" * 5000,
        "(((",
        "w1/w2",
        "Comment on w1",
    ],
)
def test_what_names_nothing(text: str) -> None:
    assert read(text) == ()
