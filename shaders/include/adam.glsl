// Adam's formula (tuff/op/optimizer.h), for one parameter or several side by side; nothing in a step that is skipped. p: push constants with its numbers.
#define ADAM(T)                                                                                                        \
    void adam(inout T parameter_, inout T m_, inout T v_, T gradient)                                                  \
    {                                                                                                                  \
        if (step_is_skipped())                                                                                         \
            return;                                                                                                    \
        precise float learning_rate = step_learning_rate() * p.rate_factor;                                            \
        precise T parameter = parameter_;                                                                              \
        precise T g = gradient;                                                                                        \
        if (p.decoupled != 0u)                                                                                         \
            parameter = parameter - learning_rate * p.weight_decay * parameter;                                        \
        else if (p.weight_decay != 0.0)                                                                                \
            g = g + p.weight_decay * parameter;                                                                        \
        precise T m = p.beta1 * m_ + p.one_minus_beta1 * g;                                                            \
        precise T v = p.beta2 * v_ + p.one_minus_beta2 * g * g;                                                        \
        precise float step_size = learning_rate / step_bias_correction1();                                             \
        precise T denominator = sqrt(v) / step_bias_correction2_sqrt() + p.epsilon;                                    \
        precise T updated = parameter - step_size * m / denominator;                                                   \
        m_ = m;                                                                                                        \
        v_ = v;                                                                                                        \
        parameter_ = updated;                                                                                          \
    }
