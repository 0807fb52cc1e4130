"""check.py FILE...: what the package onnx has to say of files that tuff wrote."""

import sys

import onnx
import onnx.checker
import onnx.shape_inference

for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 13)]

    # Shapes that it infers without being told are those that the file states.
    stated = {v.name: v for v in list(model.graph.value_info) + list(model.graph.output)}
    bare = onnx.load(path)
    del bare.graph.value_info[:]
    for output in bare.graph.output:
        output.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(bare, check_type=True, strict_mode=True)
    found = {v.name: v for v in list(inferred.graph.value_info) + list(inferred.graph.output)}
    assert set(found) == set(stated), set(found) ^ set(stated)
    for name, value in stated.items():
        a, b = (v.type.tensor_type.shape.dim for v in (value, found[name]))
        assert [d.dim_value or d.dim_param for d in a] == [d.dim_value or d.dim_param for d in b], (name, a, b)
    print("%s: %d nodes, %d shapes, onnx %s" % (path, len(model.graph.node), len(stated), onnx.__version__))
