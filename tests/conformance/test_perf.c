// What tuff check --perf times: its cases, their FLOP and bytes, and what many calls in a row do to the data.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "case.h"
#include "oracle_fixture.h"
#include "timing.h"

static void parse(const char *line, struct conformance_case *c, struct case_setup *setup)
{
    cr_assert_eq(conformance_case_parse(NULL, line, c), TUFF_OK, "%s", line);
    cr_assert_eq(conformance_case_describe(NULL, c, setup), TUFF_OK, "%s", line);
}

static void clear(struct conformance_case *c, struct case_setup *setup)
{
    case_setup_clear(setup);
    conformance_case_clear(c);
}

static bool only_moves(enum tuff_op op)
{
    return op == TUFF_OP_FILL || op == TUFF_OP_COPY || op == TUFF_OP_CONCAT_FORWARD ||
           op == TUFF_OP_CONCAT_BACKWARD || op == TUFF_OP_GATHER_LABELS || op == TUFF_OP_STEP_ADVANCE ||
           op == TUFF_OP_CAST || op == TUFF_OP_LOSS_SCALE_UPDATE;
}

// Every op has cases, which the core accepts, with sizes to show and bytes to move.
Test(perf, every_op_has_cases)
{
    char line[CONFORMANCE_LINE_BYTES], sizes[CONFORMANCE_LINE_BYTES];
    for (enum tuff_op i = 0; i < TUFF_OP_COUNT; i++) {
        const struct conformance_op *op = conformance_op_cases(i);
        cr_assert_gt(op->perf_count, 0u, "%s", tuff_op_info(i)->name);
        for (size_t k = 0; k < op->perf_count; k++) {
            struct conformance_case c;
            struct case_setup setup;
            cr_assert_eq(conformance_case_create(NULL, op, TUFF_LAYOUT_ROW_MAJOR, 0,
                                                 (const char *)op->perf + k * op->shape_size, &c),
                         TUFF_OK);
            conformance_case_format(&c, line);
            conformance_case_format_short(&c, sizes);
            cr_assert_eq(conformance_case_describe(NULL, &c, &setup), TUFF_OK, "%s", line);
            const struct tuff_work work = conformance_case_work(&setup);
            cr_assert_gt(work.bytes, 0, "%s", line);
            cr_assert_eq(work.flops > 0, !only_moves(i), "%s: %g FLOP", line, work.flops);
            cr_assert_neq(sizes[0], '\0', "%s", line);
            clear(&c, &setup);
        }
    }
}

// By hand, from the formulas in check.h.
Test(perf, work_is_what_the_header_says)
{
#define CONV  "n=2,c=4,h=5,w=6,k=6,kh=3,kw=2,stride=1x2,dilation=1x1,pad=1,1,0,0,padding=zeros,groups=2"
#define ADAM  "count=100,step=1,learning_rate=0.001,beta1=0.9,beta2=0.999,epsilon=1e-08"
#define POOL  "n=2,c=3,h=6,w=8,kernel=2x2,stride=2x2"
#define NORM  "n=5,c=3,h=2,w=2,valid=5,affine=1,epsilon=1e-05,momentum=0.1,values=normal"
#define ERROR "dims=3x5,valid=3,values=normal"
    static const struct {
        const char *line;
        double flops, bytes;
    } cases[] = {
        // y: (2,6,5,3), weight: (6,2,3,2)
        {"conv2d_forward(layout=row_major," CONV ",bias=1)", 2 * 180 * 12 + 180, 4 * (240 + 72 + 6 + 180)},
        {"conv2d_forward(layout=row_major," CONV ",bias=0)", 2 * 180 * 12, 4 * (240 + 72 + 180)},
        {"conv2d_backward_input(layout=row_major," CONV ")", 2 * 180 * 12, 4 * (240 + 72 + 180)},
        {"conv2d_backward_weight(layout=row_major," CONV ",bias=1)", 2 * 180 * 12 + 180,
         4 * (240 + 72 + 6 + 180)},
        {"linear_forward(layout=batch16,n=3,i=5,o=2,bias=1)", 2 * 30 + 6, 4 * (15 + 10 + 2 + 6)},
        {"linear_backward_input(layout=row_major,n=3,i=5,o=2)", 2 * 30, 4 * (15 + 10 + 6)},
        {"linear_backward_weight(layout=row_major,n=3,i=5,o=2,bias=0)", 2 * 30, 4 * (15 + 10 + 6)},
        {"max_pool2d_forward(layout=row_major," POOL ",dilation=1x1,pad=0,0,0,0,values=normal)", 4 * 72,
         4 * (288 + 72 + 72)},
        {"max_pool2d_backward(layout=row_major," POOL ",dilation=1x1,pad=0,0,0,0,values=normal)", 72,
         4 * (288 + 72 + 72)},
        {"avg_pool2d_forward(layout=row_major," POOL ",pad=0,0,0,0,overhang=0,0,include=1,values=normal)",
         4 * 72, 4 * (288 + 72)},
        {"avg_pool2d_backward(layout=row_major," POOL ",pad=0,0,0,0,overhang=0,0,include=1,values=normal)",
         4 * 72, 4 * (288 + 72)},
        // Three regions of three rows, five of three columns.
        {"adaptive_avg_pool2d_forward(layout=row_major,n=2,c=3,h=7,w=11,oh=3,ow=5,values=normal)", 6 * 9 * 15,
         4 * (6 * 15 + 6 * 77)},
        {"batch_norm2d_train(layout=row_major," NORM ")", 6 * 60, 4 * (60 + 3 + 3 + 6 + 6 + 60 + 3 + 3 + 16)},
        {"batch_norm2d_eval(layout=row_major," NORM ")", 2 * 60, 4 * (60 + 60 + 3 * 4)},
        {"batch_norm2d_backward(layout=row_major," NORM ")", 8 * 60, 4 * (3 * 60 + 3 * 5 + 16)},
        {"softmax_cross_entropy_forward(layout=row_major,n=4,k=10,valid=4,values=normal,smoothing=0)", 4 * 40,
         4 * (4 + 4 + 40 + 4 + 16)},
        {"softmax_cross_entropy_backward(layout=row_major,n=4,k=10,valid=4,values=normal,smoothing=0)",
         5 * 40, 4 * (40 + 40 + 4 + 16)},
        {"log_softmax_forward(layout=row_major,n=3,k=5,values=normal)", 5 * 15, 4 * 30},
        {"log_softmax_backward(layout=row_major,n=3,k=5,values=normal)", 4 * 15, 4 * 45},
        {"mean_squared_error_forward(layout=row_major," ERROR ")", 3 * 15, 4 * (3 + 15 + 15 + 16)},
        {"mean_squared_error_backward(layout=row_major," ERROR ")", 2 * 15, 4 * (15 + 15 + 15 + 16)},
        {"adam(layout=row_major," ADAM ",weight_decay=0,decoupled=0)", 1300,
         4 * (2 * 100 + 2 * 200 + 100 + 16)},
        {"adam(layout=row_major," ADAM ",weight_decay=0.01,decoupled=1)", 1500,
         4 * (2 * 100 + 2 * 200 + 100 + 16)},
        {"sgd(layout=row_major,count=100,nesterov=0,learning_rate=0.1,momentum=0,weight_decay=0)", 200,
         4 * (2 * 100 + 100 + 16)},
        {"sgd(layout=row_major,count=100,nesterov=1,learning_rate=0.1,momentum=0.9,weight_decay=0.1)", 800,
         4 * (2 * 100 + 2 * 100 + 100 + 16)},
        {"moving_average(layout=row_major,count=100,decay=0.9)", 300, 4 * (2 * 100 + 100 + 16)},
        {"gradient_accumulate(layout=row_major,count=100,batch=8,samples=20,begin=4,valid=4)", 200,
         4 * (2 * 100 + 100 + 16)},
        {"gradient_norm(layout=row_major,count=10,values=normal)", 20, 4 * 11},
        {"gradient_clip(layout=row_major,count=10,kind=given,max_norm=1,norm=2)", 10, 4 * 21},
        {"gradient_unscale(layout=row_major,count=10,unscale=0.5)", 10, 4 * (2 * 10 + 16)},
        {"loss_scale_update(layout=row_major,kind=finite,interval=3,good_steps=0,scale=4)", 0, 2 * 4 * 17},
        {"cast(layout=row_major,dims=3x5,to=f16)", 0, 15 * (4 + 2)},
        {"add(layout=row_major,precision=f16,dims=3x5)", 15, 90},
        {"gather_images(layout=row_major,n=4,c=1,h=3,w=3,set=100,positions=50,begin=2,valid=3)", 72,
         4 * 36 + 36 + 4 * 4 + 64}, // of a whole batch
        {"gather_labels(layout=row_major,n=4,set=100,positions=50,begin=2,valid=3)", 0, 4 * 4 + 8 * 4 + 64},
        {"step_advance(layout=row_major,rows=7,cursor=3)", 0, 4 * (16 + 16 + 8)},
        {"metrics_record(layout=row_major,n=16,rows=9,cursor=2)", 32, 8 * 16 + 64 + 8},
        {"fill(layout=row_major,dims=3x5,dtype=f32,bits=0)", 0, 60},
        {"copy(layout=batch16,dims=17x3,dtype=f32,from=row_major)", 0, 2 * 4 * 51}, // padding does not count
        {"add(layout=row_major,dims=3x5)", 15, 180},
        {"multiply(layout=row_major,dims=3x5,values=normal)", 15, 180},
        {"concat_forward(layout=row_major,dims=2x3x4,b=2)", 0, 4 * 80},
        {"relu_forward(layout=batch16,dims=17x5,values=normal)", 85, 8 * 85},
        {"relu_backward(layout=row_major,dims=3x5,values=normal)", 15, 180},
        {"activation_forward(layout=row_major,dims=3x5,kind=gelu,slope=0,values=normal)", 15, 120},
        {"activation_backward(layout=row_major,dims=3x5,kind=gelu,slope=0,values=normal)", 30, 180},
        {"dropout_forward(layout=row_major,dims=3x5,probability=0.5,seed_low=0,seed_high=0,layer=0,step=1,"
         "values=normal)",
         15, 4 * (15 + 15 + 16)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conformance_case c;
        struct case_setup setup;
        parse(cases[i].line, &c, &setup);
        const struct tuff_work work = conformance_case_work(&setup);
        cr_expect_float_eq(work.flops, cases[i].flops, 1e-9, "%s: %g FLOP", cases[i].line, work.flops);
        cr_expect_float_eq(work.bytes, cases[i].bytes, 1e-9, "%s: %g bytes", cases[i].line, work.bytes);
        clear(&c, &setup);
    }
}

Test(perf, short_form)
{
    static const char *const cases[][2] = {
        {"conv2d_forward(layout=row_major," CONV ",bias=0)",
         "n=2 c=4 h=5 w=6 k=6 kh=3 kw=2 stride=1x2 pad=1,1,0,0 padding=zeros groups=2"},
        {"max_pool2d_forward(layout=row_major,n=2,c=3,h=6,w=8,kernel=3x3,stride=1x1,dilation=1x1,pad=1,1,1,1,"
         "values=ties)",
         "n=2 c=3 h=6 w=8 kernel=3x3 pad=1,1,1,1"},
        {"adam(layout=row_major," ADAM ",weight_decay=0,decoupled=0)",
         "count=100 step=1 learning_rate=0.001 beta1=0.9 beta2=0.999 epsilon=1e-08"},
        {"activation_forward(layout=batch16,dims=3x5,kind=leaky_relu,slope=0.01,values=special,seed=3)",
         "dims=3x5 kind=leaky_relu slope=0.01"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sizes[CONFORMANCE_LINE_BYTES];
        struct conformance_case c;
        struct case_setup setup;
        parse(cases[i][0], &c, &setup);
        conformance_case_format_short(&c, sizes);
        cr_expect_str_eq(sizes, cases[i][1], "%s", sizes);
        clear(&c, &setup);
    }
}

// What forward would promise, without a forward: each index lies within its own window, and not always at the
// same place.
Test(perf, pool_indices_lie_within_their_windows)
{
    enum { N = 17, C = 3, H = 7, W = 9, OH = 4, OW = 3 };
    struct conformance_case c;
    struct case_setup setup;
    parse(
        "max_pool2d_backward(layout=batch16,n=17,c=3,h=7,w=9,kernel=3x2,stride=2x3,dilation=1x2,pad=1,1,1,0,"
        "values=normal)",
        &c, &setup);
    setup.timed = true;
    cr_assert_eq(setup.tensors[2].shape.dims[2], (uint32_t)OH);
    cr_assert_eq(setup.tensors[2].shape.dims[3], (uint32_t)OW);
    cr_assert_eq(conformance_case_fill(&c, &setup, NULL), TUFF_OK);
    const uint32_t *index = case_words(&setup, 2);
    uint32_t places = 0;
    cr_assert_eq(case_stored(&setup, 2), 32 * C * OH * OW);
    for (uint32_t i = 0; i < 32 * C * OH * OW; i++) {
        const int oh = (int)(i / OW % OH), ow = (int)(i % OW);
        const int row = (int)(index[i] / W) - (2 * oh - 1), column = (int)(index[i] % W) - (3 * ow - 1);
        cr_assert(index[i] < H * W && row >= 0 && row < 3 && (column == 0 || column == 2),
                  "window %d,%d: index %u", oh, ow, index[i]);
        places |= 1u << (2 * row + column / 2);
    }
    cr_assert_eq(places, 0x3fu);
    clear(&c, &setup);
}

TestSuite(timing, .init = oracle_open, .fini = oracle_close);

// Updates are applied to what they left. Thousands of them must not end in numbers that processors are slow
// with.
Test(timing, many_updates_leave_ordinary_numbers)
{
    static const char *const lines[] = {
        "adam(layout=row_major,count=1000,step=1,learning_rate=0.001,beta1=0.9,beta2=0.999,epsilon=1e-08,"
        "weight_decay=0,decoupled=0)",
        "sgd(layout=row_major,count=1000,nesterov=0,learning_rate=0.01,momentum=0.9,weight_decay=0)",
        "gradient_clip(layout=row_major,count=1000,kind=given,max_norm=1,norm=1.000001)",
        "batch_norm2d_train(layout=row_major,n=4,c=8,h=4,w=4,valid=4,affine=1,epsilon=1e-05,momentum=0.1,"
        "values=normal)",
    };
    static float values[4096];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        static struct timing timing;
        struct conformance_case c;
        cr_assert_eq(conformance_case_parse(NULL, lines[i], &c), TUFF_OK);
        timing_create(oracle_target, &c, &timing);
        timing.calls = 4000;
        timing_sample(&timing);
        cr_assert_eq(timing.state, TIMING_READY, "%s", timing.rig.message);
        cr_assert_eq(timing.sample_count, 1u);
        for (uint32_t k = 0; k < timing.setup.info->tensor_count; k++) {
            const struct rig_slot *slot = &timing.rig.slots[k];
            if (!case_is_output(&timing.setup, k) || slot->tensor.dtype != TUFF_F32)
                continue;
            cr_assert_eq(oracle_target->interface->buffer_read(slot->buffer, slot->front, values,
                                                               tuff_tensor_bytes(&slot->tensor)),
                         TUFF_OK);
            for (uint64_t e = 0; e < tuff_tensor_elements(&slot->tensor); e++)
                cr_assert(isnormal(values[e]), "%s: element %u of tensor %u is %g", lines[i], (unsigned)e, k,
                          (double)values[e]);
        }
        timing_destroy(&timing);
        conformance_case_clear(&c);
    }
}

// Once more where other programs took the processor for so long that a few calls seemed to fill the sample.
static void create_and_calibrate(struct timing *timing, struct conformance_case *c, uint32_t expected_calls)
{
    for (int attempt = 0; attempt < 10; attempt++) {
        if (attempt > 0)
            timing_destroy(timing);
        timing_create(oracle_target, c, timing);
        timing_calibrate(timing, 0.002);
        if (timing->calls >= expected_calls)
            return;
    }
}

// A sample has as many calls as fit, but no more than the inputs are good for.
Test(timing, calls_are_calibrated)
{
    static struct timing timing;
    struct conformance_case c;
    cr_assert_eq(conformance_case_parse(NULL, "add(layout=row_major,dims=10)", &c), TUFF_OK);
    create_and_calibrate(&timing, &c, 101);
    cr_assert_gt(timing.calls, 100u, "%u calls", timing.calls);
    timing_sample(&timing);
    timing_sample(&timing);
    cr_assert_eq(timing.state, TIMING_READY);
    cr_assert_eq(timing.sample_count, 2u);
    cr_assert(timing_best(&timing) > 0 && timing_best(&timing) <= timing_median(&timing));
    timing_destroy(&timing);
    conformance_case_clear(&c);

    cr_assert_eq(conformance_case_parse(NULL, "step_advance(layout=row_major,rows=50,cursor=7)", &c),
                 TUFF_OK);
    create_and_calibrate(&timing, &c, 43);
    timing_sample(&timing);
    cr_assert_eq(timing.state, TIMING_READY);
    cr_assert_eq(timing.calls, 43u, "%u calls", timing.calls);
    timing_destroy(&timing);
    conformance_case_clear(&c);
}

Test(timing, median_and_best)
{
    static struct timing timing = {.sample_count = 5, .samples = {5, 1, 4, 2, 8}};
    cr_assert_float_eq(timing_median(&timing), 4, 1e-12);
    cr_assert_float_eq(timing_best(&timing), 1, 1e-12);
    timing.sample_count = 4;
    cr_assert_float_eq(timing_median(&timing), 3, 1e-12);
    timing.sample_count = 1;
    cr_assert_float_eq(timing_median(&timing), 5, 1e-12);
}
