

# -- What follows is the test's: it stands behind the code of docs/pytorch.md.
def write_exactly(path, network):
    """What tuff is compared with, all in double: loss, right answers, logits of the first images."""
    with torch.no_grad():
        logits = network(images.double())
    found = {
        "loss": F.cross_entropy(logits, labels).item(),
        "correct": (logits.argmax(1) == labels).sum().item(),
        "logits": logits[:400].tolist(),
    }
    with open(path, "w") as file:
        json.dump(found, file)


def in_double(parameters):
    network = LeNet().double()
    network.load_state_dict({name: tensor.double() for name, tensor in parameters.items()})
    return network


write_exactly("first.json", in_double(load_file("runs/first/last.safetensors")[0]))
write_exactly("second.json", in_double(load_file("lenet.safetensors")[0]))
save_file(model.state_dict(), "bare.safetensors", {})
save_file({k: v for k, v in model.state_dict().items() if k != "fc3.bias"}, "missing.safetensors", {})

# What load_file reads is what save_file wrote, and what the package makes of it, where that is installed.
again = load_file("lenet.safetensors")[0]
assert list(again) == list(model.state_dict())
assert all(torch.equal(again[name], tensor) for name, tensor in model.state_dict().items())
try:
    import safetensors.torch
except ImportError:
    print("the package safetensors is not installed")
else:
    theirs = safetensors.torch.load_file("runs/first/last.safetensors")
    assert all(torch.equal(theirs[name], tensor) for name, tensor in state.items())
    print("the package safetensors reads the same")

# -- ONNX files that tuff wrote: first.onnx of runs/first, and uneven.onnx of a network that is uneven.
import run_onnx

graph = run_onnx.Graph("first.onnx")
with torch.no_grad():
    difference = (graph(images.double()) - in_double(state)(images.double())).abs().max().item()
print("onnx: logits differ by %.2g at most" % difference)
assert difference < 1e-5
write_exactly("uneven.json", run_onnx.Graph("uneven.onnx"))
