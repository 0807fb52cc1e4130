

# -- What follows is the test's: it stands behind the code of docs/pytorch.md.
def write_exactly(path, parameters):
    exact = LeNet().double()
    exact.load_state_dict({name: tensor.double() for name, tensor in parameters.items()})
    loss, correct = evaluate(exact, images.double(), labels)
    with open(path, "w") as file:
        file.write("%.9g %d\n" % (loss, correct))


write_exactly("first.exact", load_file("runs/first/last.safetensors")[0])
write_exactly("second.exact", load_file("lenet.safetensors")[0])
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
exact = LeNet().double()
exact.load_state_dict({name: tensor.double() for name, tensor in state.items()})
with torch.no_grad():
    difference = (graph(images.double()) - exact(images.double())).abs().max().item()
print("onnx: logits differ by %.2g at most" % difference)
assert difference < 1e-5
with torch.no_grad():
    logits = run_onnx.Graph("uneven.onnx")(images.double())
with open("uneven.exact", "w") as file:
    loss = F.cross_entropy(logits, labels).item()
    file.write("%.9g %d\n" % (loss, (logits.argmax(1) == labels).sum().item()))
