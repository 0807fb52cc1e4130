// A stream: command buffers recorded one after the other, a few in flight at a time.
#ifndef TUFF_VULKAN_STREAM_H
#define TUFF_VULKAN_STREAM_H

#include "deferred.h"
#include "program.h"

enum {
    VK_STREAM_SLOTS = 3, // submissions in flight
    VK_STREAM_PARTS = 2, // parts with a fence of their own that are in flight
    VK_TIMESTAMP_SLOTS = 64,
};

// One submission: its own command buffer, or a capture's.
struct vk_slot {
    VkCommandBuffer commands;
    VkFence fence;
    struct vk_descriptors descriptors;
    bool in_flight;
    uint64_t begun;   // to be submitted, by the host's clock, ns
    uint64_t capture; // the number of the capture that this submission replays; 0: none
    uint32_t replays;
};

// A part of a submission that takes long. The last part signals the slot's fence.
struct vk_part {
    VkFence fence;
    bool in_flight;
};

// What replays took on the device that were submitted together.
struct vk_elapsed {
    uint64_t capture; // its number; 0: none
    uint32_t replays;
    uint64_t nanoseconds;
    bool at_most; // the device was ready before the host looked
};

enum vk_stream_state {
    VK_STREAM_IDLE,
    VK_STREAM_RECORDING,
    VK_STREAM_CAPTURING,
};

struct tuff_stream {
    struct tuff_device *device;
    enum vk_stream_state state;
    VkCommandPool pool;
    struct vk_slot slots[VK_STREAM_SLOTS];
    uint32_t next; // the slot that the next submission takes, which is the oldest in flight
    struct vk_part parts[VK_STREAM_PARTS];
    uint32_t next_part; // likewise
    struct vk_recording recording;
    struct vk_deferred deferred;
    struct vk_program program;
    enum tuff_status failure; // of a kernel's call since the recording began
    struct tuff_capture *capturing;
    uint32_t calls;          // of kernels since the capture began
    struct vk_served served; // what is recorded now
    uint64_t last_done; // when the host last saw a fence signal while it waited for it, ns; 0: not lately
    struct vk_elapsed elapsed[VK_STREAM_SLOTS]; // of the last replays, for vk_capture_replay to take
    uint32_t next_elapsed;
    VkQueryPool queries;
    uint64_t queries_written; // bit i: timestamp i has been recorded
};

struct tuff_capture {
    struct tuff_device *device;
    uint64_t number; // from 1, of those that the device has made
    struct vk_parts parts;
    VkCommandBuffer *replays; // the parts, as often as a submission replays them at most
    struct vk_descriptors descriptors;
    struct vk_profile *profile;  // NULL: it is not profiled
    uint32_t replays_per_submit; // so many that a submission is neither too short nor too long
    uint64_t replay_nanoseconds; // what one takes on the device, at most; UINT64_MAX: not known
};

// Forgets all that is held back, and that a call failed: a recording begins, or is given up.
void vk_stream_clear(struct tuff_stream *stream);

// Records a kernel where the stream records now. Failure: vk_capture_end fails, too.
TUFF_MUST_CHECK enum tuff_status vk_dispatch(struct tuff_stream *stream, const struct vk_dispatch *dispatch);

// The next slot, free again, for a submission that begins now.
TUFF_MUST_CHECK enum tuff_status vk_stream_acquire(struct tuff_stream *stream, struct vk_slot **slot);

// Submits for the slot that was acquired and moves on to the next.
TUFF_MUST_CHECK enum tuff_status vk_stream_launch(struct tuff_stream *stream, const VkCommandBuffer *commands,
                                                  uint32_t count);

// Submits a part of what the acquired slot is for, once the last part but VK_STREAM_PARTS is done.
TUFF_MUST_CHECK enum tuff_status vk_stream_launch_part(struct tuff_stream *stream, VkCommandBuffer commands);

// Counts a call of a kernel by the host, which is what is recorded from here on.
void vk_stream_call(struct tuff_stream *stream);

// A timestamp of a pool, once the device has written it. `what`, number `number`: for the message if it has
// not.
TUFF_MUST_CHECK enum tuff_status vk_query_nanoseconds(struct tuff_device *device, VkQueryPool pool,
                                                      uint32_t query, const char *what, uint32_t number,
                                                      uint64_t *nanoseconds);

// The slots of the interface (tuff/backend.h): stream.c, timestamp.c, capture.c, profile.c.
TUFF_MUST_CHECK enum tuff_status vk_stream_create(struct tuff_device *device, struct tuff_stream **stream);
void vk_stream_destroy(struct tuff_stream *stream);
TUFF_MUST_CHECK enum tuff_status vk_stream_begin(struct tuff_stream *stream);
TUFF_MUST_CHECK enum tuff_status vk_stream_submit(struct tuff_stream *stream);
TUFF_MUST_CHECK enum tuff_status vk_stream_wait(struct tuff_stream *stream);
TUFF_MUST_CHECK enum tuff_status vk_stream_timestamp(struct tuff_stream *stream, uint32_t slot);
TUFF_MUST_CHECK enum tuff_status vk_stream_timestamp_read(struct tuff_stream *stream, uint32_t slot,
                                                          uint64_t *nanoseconds);
TUFF_MUST_CHECK enum tuff_status vk_capture_begin(struct tuff_stream *stream);
TUFF_MUST_CHECK enum tuff_status vk_capture_end(struct tuff_stream *stream, struct tuff_capture **capture);
TUFF_MUST_CHECK enum tuff_status vk_capture_replay(struct tuff_stream *stream, struct tuff_capture *capture,
                                                   uint32_t count);
void vk_capture_destroy(struct tuff_capture *capture);
TUFF_MUST_CHECK enum tuff_status vk_profile_begin(struct tuff_stream *stream);
TUFF_MUST_CHECK enum tuff_status vk_profile_read(struct tuff_stream *stream, struct tuff_capture *capture,
                                                 uint32_t index, struct tuff_dispatch_profile *dispatch);

#endif
