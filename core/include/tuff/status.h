// What a fallible call returns. The words that go with a failure reach the log callback (log.h), not the status.
#ifndef TUFF_STATUS_H
#define TUFF_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TUFF_MUST_CHECK __attribute__((warn_unused_result))
#define TUFF_API __attribute__((visibility("default")))
#define TUFF_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define TUFF_MUST_CHECK
#define TUFF_API
#define TUFF_PRINTF(format_index, first_index)
#endif

// The values are part of the plugin ABI: append only.
enum tuff_status {
    TUFF_OK = 0,
    TUFF_ERROR_INVALID = 1,     // an argument, a shape or a setting that does not fit
    TUFF_ERROR_NOT_FOUND = 2,   // a file, a backend, a device or a name that does not exist
    TUFF_ERROR_IO = 3,          // the operating system refused to read or to write
    TUFF_ERROR_FORMAT = 4,      // a file whose content is not what its format says
    TUFF_ERROR_MEMORY = 5,      // host or device memory is exhausted
    TUFF_ERROR_UNSUPPORTED = 6, // well formed, but this backend or device cannot do it
    TUFF_ERROR_DEVICE = 7,      // the driver failed, or the device is lost; sticky for that device
    TUFF_ERROR_PLUGIN = 8,      // a plugin that cannot be loaded or breaks the ABI's rules
    TUFF_ERROR_INTERRUPTED = 9, // the user asked to stop
    TUFF_ERROR_INTERNAL = 10,   // a promise of our own was broken; please report it
};

#ifdef __cplusplus
}
#endif
#endif
