#include "download.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT_SECONDS = 20, SLOW_BYTES = 1000, SLOW_SECONDS = 30, REDIRECTIONS = 5, NOT_SATISFIABLE = 416 };

struct state {
    const struct tuff_download *download;
    uint64_t written;
    double told_at;
    int error; // errno of what could not be written
    bool too_long;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode initialized;

static void initialize(void)
{
    initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// Anything but `count` ends the transfer.
static size_t on_bytes(char *bytes, size_t size, size_t count, void *user)
{
    struct state *state = user;
    size_t left = size * count;
    if (left > state->download->most - state->download->from - state->written) {
        state->too_long = true;
        return 0;
    }
    while (left > 0) {
        ssize_t written = write(state->download->file, bytes, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            state->error = written == 0 ? EIO : errno;
            return 0;
        }
        bytes += written;
        left -= (size_t)written;
        state->written += (uint64_t)written;
    }
    return size * count;
}

static int on_progress(void *user, curl_off_t total, curl_off_t got, curl_off_t upload, curl_off_t uploaded)
{
    struct state *state = user;
    const struct tuff_download *download = state->download;
    double time = now();
    (void)got, (void)upload, (void)uploaded;
    if (download->progress == NULL || time - state->told_at < 0.1)
        return 0;
    state->told_at = time;
    return !download->progress(download->user, download->from + state->written,
                               total > 0 ? download->from + (uint64_t)total : 0);
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static CURLcode set_options(CURL *curl, struct state *state, char *message)
{
    const struct tuff_download *download = state->download;
    const char *web = download->allow_http ? "https,http" : "https";
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_NOPROGRESS, 0},
        {CURLOPT_FAILONERROR, 1},
        {CURLOPT_FOLLOWLOCATION, 1},
        {CURLOPT_MAXREDIRS, REDIRECTIONS},
        {CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS},
        {CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES},
        {CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS},
    };
    CURLcode code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
    for (size_t i = 0; code == CURLE_OK && i < sizeof numbers / sizeof *numbers; i++)
        code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_URL, download->url);
    // A file only where it was asked for, and never by redirection.
    if (code == CURLE_OK)
        code =
            curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, starts_with(download->url, "file:") ? "file" : web);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, web);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_USERAGENT, "tuff/" TUFF_VERSION);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)download->from);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, state);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_XFERINFODATA, state);
    return code;
}

static enum tuff_download_result judge(CURLcode code, long answer, const struct state *state,
                                       const char *message, char why[TUFF_DOWNLOAD_WHY_BYTES])
{
    if (code == CURLE_OK)
        return TUFF_DOWNLOAD_DONE;
    if (state->error != 0) {
        snprintf(why, TUFF_DOWNLOAD_WHY_BYTES, "%s", strerror(state->error));
        return TUFF_DOWNLOAD_NOT_WRITTEN;
    }
    if (state->too_long) {
        snprintf(why, TUFF_DOWNLOAD_WHY_BYTES, "it is longer than it should be");
        return TUFF_DOWNLOAD_TOO_LONG;
    }
    snprintf(why, TUFF_DOWNLOAD_WHY_BYTES, "%s", message[0] != '\0' ? message : curl_easy_strerror(code));
    if (code == CURLE_RANGE_ERROR || code == CURLE_BAD_DOWNLOAD_RESUME || answer == NOT_SATISFIABLE)
        return TUFF_DOWNLOAD_NO_RESUME;
    return code == CURLE_ABORTED_BY_CALLBACK ? TUFF_DOWNLOAD_STOPPED : TUFF_DOWNLOAD_FAILED;
}

enum tuff_download_result tuff_download(const struct tuff_download *download,
                                        char why[TUFF_DOWNLOAD_WHY_BYTES])
{
    char message[CURL_ERROR_SIZE] = "";
    struct state state = {.download = download, .told_at = now()};
    long answer = 0; // of an HTTP server
    pthread_once(&once, initialize);
    CURL *curl = initialized == CURLE_OK ? curl_easy_init() : NULL;
    if (curl == NULL) {
        snprintf(why, TUFF_DOWNLOAD_WHY_BYTES, "libcurl cannot start");
        return TUFF_DOWNLOAD_FAILED;
    }
    CURLcode code = set_options(curl, &state, message);
    if (code == CURLE_OK)
        code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
    curl_easy_cleanup(curl);
    return judge(code, answer, &state, message, why);
}
