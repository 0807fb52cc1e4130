// Every layer kind, once: TUFF_LAYER(kind), defined as tuff_layer_<kind> in layer_<kind>.c.
TUFF_LAYER(conv2d)
TUFF_LAYER(max_pool2d)
TUFF_LAYER(relu)
TUFF_LAYER(flatten)
TUFF_LAYER(linear)
