// Captures: kernel calls with all that their arguments point to, copied, so that they can be run again and
// again.
#ifndef TUFF_CPU_CAPTURE_H
#define TUFF_CPU_CAPTURE_H

#include "stream.h"

// Append to the stream's open capture. TUFF_ERROR_MEMORY, logged, if there is no room.
enum tuff_status cpu_capture_record_op(struct tuff_stream *stream, enum tuff_op op,
                                       const struct tuff_op_args *args);
enum tuff_status cpu_capture_record_timestamp(struct tuff_stream *stream, uint32_t slot);

// The interface's slots; see backend.h.
enum tuff_status cpu_capture_begin(struct tuff_stream *stream);
enum tuff_status cpu_capture_end(struct tuff_stream *stream, struct tuff_capture **capture);
enum tuff_status cpu_capture_replay(struct tuff_stream *stream, struct tuff_capture *capture, uint32_t count);
void cpu_capture_destroy(struct tuff_capture *capture);

#endif
