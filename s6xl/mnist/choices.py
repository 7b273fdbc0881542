"""What a user can choose by name, apart from the recipe; here so that it is known without PyTorch."""

AUTO = "auto"
DEVICES = (AUTO, "cpu", "cuda", "mps")
# Instead of these, data can be a folder.
FULL, SAMPLE = "mnist", "sample"
# Instead of this one, a run can be a folder.
PRETRAINED = "pretrained"
