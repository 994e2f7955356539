/*
 * A test framework in one header: TEST(name) { ... } registers a test, the CHECK macros compare and go on after a failure,
 * main() runs every test (or those named on the command line) and prints how many passed. Include it first.
 */
#ifndef CHECK_H
#define CHECK_H

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <httpclient.h>

/* What ctest reads as "skipped". */
#define CHECK_SKIPPED 77

struct check_test {
    const char *name;
    void (*run)(void);
};

static struct check_test check_tests[256];
static size_t check_test_count;
/* Counted by any thread. */
static int check_failures;
static bool check_skip;
/* Why the test that runs is skipped. */
static const char *check_skip_this;
/* The command line, for programs that start themselves anew. */
static char **check_arguments;
/* Runs after the last test. */
static void (*check_at_end)(void);

static inline void check_register(const char *name, void (*run)(void))
{
    if (check_test_count == sizeof check_tests / sizeof check_tests[0]) {
        fprintf(stderr, "too many tests in one file\n");
        abort();
    }
    check_tests[check_test_count].name = name;
    check_tests[check_test_count].run = run;
    check_test_count++;
}

#define TEST(name)                                                                                                       \
    static void name(void);                                                                                              \
    __attribute__((constructor)) static void check_register_##name(void)                                                 \
    {                                                                                                                    \
        check_register(#name, name);                                                                                     \
    }                                                                                                                    \
    static void name(void)

__attribute__((format(printf, 3, 4))) static inline bool check_fail(const char *file, int line, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    __atomic_add_fetch(&check_failures, 1, __ATOMIC_RELAXED);
    fprintf(stderr, "%s:%d: %s\n", file, line, text);
    return false;
}

/* Each is true when the check holds: `if (!CHECK(...)) return;`. */
#define CHECK(condition) check_true(__FILE__, __LINE__, #condition, (condition))
static inline bool check_true(const char *file, int line, const char *what, bool holds)
{
    return holds || check_fail(file, line, "not true: %s", what);
}

#define CHECK_EQ(actual, wanted) check_eq(__FILE__, __LINE__, #actual, (intmax_t)(actual), (intmax_t)(wanted))
static inline bool check_eq(const char *file, int line, const char *what, intmax_t actual, intmax_t wanted)
{
    return actual == wanted || check_fail(file, line, "%s is %" PRIdMAX ", not %" PRIdMAX, what, actual, wanted);
}

/* low <= actual <= high */
#define CHECK_BETWEEN(actual, low, high)                                                                                 \
    check_between(__FILE__, __LINE__, #actual, (double)(actual), (double)(low), (double)(high))
static inline bool check_between(const char *file, int line, const char *what, double actual, double low, double high)
{
    return (actual >= low && actual <= high) ||
           check_fail(file, line, "%s is %g, not in %g to %g", what, actual, low, high);
}

/* The same for real time, of which everything takes several times as much under a sanitizer. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define CHECK_MS(actual, low, high) CHECK_BETWEEN(actual, low, 4 * (double)(high))
#else
#define CHECK_MS(actual, low, high) CHECK_BETWEEN(actual, low, high)
#endif

#define CHECK_CODE(actual, wanted) check_code(__FILE__, __LINE__, #actual, (actual), (wanted))
static inline bool check_code(const char *file, int line, const char *what, int32_t actual, int32_t wanted)
{
    return actual == wanted || check_fail(file, line, "%s is %s (%d), not %s", what, httpc_code_name(actual), (int)actual,
                                          httpc_code_name(wanted));
}

/* NULL equals NULL only. */
#define CHECK_STR(actual, wanted) check_str(__FILE__, __LINE__, #actual, (actual), (wanted))
static inline bool check_str(const char *file, int line, const char *what, const char *actual, const char *wanted)
{
    if (actual == wanted || (actual != NULL && wanted != NULL && strcmp(actual, wanted) == 0)) {
        return true;
    }
    return check_fail(file, line, "%s is \"%s\", not \"%s\"", what, actual != NULL ? actual : "(NULL)",
                      wanted != NULL ? wanted : "(NULL)");
}

#define CHECK_HAS(text, part) check_has(__FILE__, __LINE__, #text, (text), (part), true)
#define CHECK_HAS_NOT(text, part) check_has(__FILE__, __LINE__, #text, (text), (part), false)
static inline bool check_has(const char *file, int line, const char *what, const char *text, const char *part, bool wanted)
{
    bool has = text != NULL && strstr(text, part) != NULL;
    return has == wanted || check_fail(file, line, "%s is \"%s\", %s \"%s\"", what, text != NULL ? text : "(NULL)",
                                       wanted ? "without" : "with", part);
}

/* The promise about every detail: valid UTF-8, no control characters. */
#define CHECK_PRINTABLE(text) check_printable(__FILE__, __LINE__, #text, (text))
static inline bool check_printable(const char *file, int line, const char *what, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (at != NULL && *at != 0) {
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        int more = *at < 0x80 ? 0 : *at >= 0xC2 && *at < 0xE0 ? 1 : *at >= 0xE0 && *at < 0xF0 ? 2 : *at >= 0xF0 && *at < 0xF5 ? 3 : -1;
        uint32_t c = more <= 0 ? *at : *at & (0x3Fu >> more);
        for (int i = 1; i <= more; i++) {
            more = (at[i] & 0xC0) == 0x80 ? more : -1;
            c = c << 6 | (at[i] & 0x3Fu);
        }
        if (more < 0 || c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
            return check_fail(file, line, "%s is not UTF-8 at byte %td", what, at - (const unsigned char *)text);
        }
        if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
            return check_fail(file, line, "%s has the control character U+%04X", what, (unsigned)c);
        }
        at += more + 1;
    }
    return text != NULL || check_fail(file, line, "%s is NULL", what);
}

/* Milliseconds of the monotonic clock. */
static inline double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Where the passing of time is the thing under test. */
static inline void wait_until_ms(double when)
{
    for (double left = when - now_ms(); left > 0; left = when - now_ms()) {
        struct timespec pause = {(time_t)(left / 1e3), 0};
        pause.tv_nsec = (long)((left - (double)pause.tv_sec * 1e3) * 1e6);
        nanosleep(&pause, NULL);
    }
}

/* Leaves the program as skipped, whatever else is registered. */
static inline void skip_all(const char *why)
{
    printf("skipped: %s\n", why);
    check_skip = true;
}

/* Of the system instead of the bundled one. What such a libcurl does not do stands in the README. */
static inline bool has_old_libcurl(void)
{
    unsigned major = 0, minor = 0;
    const char *version = strstr(httpc_version(), "libcurl/");
    bool known = version != NULL && sscanf(version, "libcurl/%u.%u", &major, &minor) == 2;
    return CHECK(known) && (major < 8 || (major == 8 && minor < 22));
}

/* Leaves the test where libcurl is older than the bundled one, which is the first known to do `what`. */
#define NEEDS_NEW_LIBCURL(what)                                                                                          \
    if (has_old_libcurl()) {                                                                                             \
        check_skip_this = "an older libcurl does not " what;                                                             \
        return;                                                                                                          \
    }

/* A file may define CHECK_SETUP as the name of a function that runs first. */
#ifdef CHECK_SETUP
static void CHECK_SETUP(void);
#endif

int main(int argc, char **argv)
{
    int passed = 0, failed = 0, skipped = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    check_arguments = argv;
#ifdef CHECK_SETUP
    CHECK_SETUP();
#endif
    for (size_t i = 0; i < check_test_count && !check_skip; i++) {
        bool wanted = argc < 2;
        for (int a = 1; a < argc; a++) {
            wanted = wanted || strcmp(argv[a], check_tests[i].name) == 0;
        }
        if (!wanted) {
            continue;
        }
        int before = check_failures;
        double start = now_ms();
        check_skip_this = NULL;
        check_tests[i].run();
        if (check_skip_this != NULL) {
            printf("skipped %s: %s\n", check_tests[i].name, check_skip_this);
            skipped++;
            continue;
        }
        bool good = check_failures == before;
        printf("%-6s %s (%.0f ms)\n", good ? "ok" : "FAILED", check_tests[i].name, now_ms() - start);
        passed += good;
        failed += !good;
    }
    if (check_at_end != NULL) {
        check_at_end();
    }
    if (check_skip) {
        return CHECK_SKIPPED;
    }
    printf("%d passed, %d failed", passed, failed);
    printf(skipped > 0 ? ", %d skipped\n" : "\n", skipped);
    return passed + skipped == 0 || failed != 0;
}

#endif
