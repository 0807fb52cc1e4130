// Runs an ONNX graph, for tests: the operators as ONNX describes them, in plain loops of doubles.
#ifndef TUFF_TESTS_ONNX_RUN_H
#define TUFF_TESTS_ONNX_RUN_H

#include "onnx_reader.h"

// image: one, of the graph's input shape. logits: room for `classes`. What the graph has and this does not
// know fails the test.
void onnx_run(const struct onnx_file *file, const double *image, double *logits, size_t classes);

#endif
