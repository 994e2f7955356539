/*
 * What the linker leads libcurl's curlx_dyn_addf(), curl_maprintf() and curl_msnprintf() to, by --wrap (build.rs). They put a
 * request's lines and URL together byte by byte, each through four functions: a fifth of what a request costs. Formats that know
 * nothing but %s and %u are done in pieces here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

/* A CURLcode is an int (curl/curl.h). Weak: where nothing is wrapped, nothing is called either. */
struct dynbuf;
extern int curlx_dyn_addn(struct dynbuf *buffer, const void *bytes, size_t length) __attribute__((weak));
extern size_t curlx_dyn_len(const struct dynbuf *buffer) __attribute__((weak));
extern int curlx_dyn_setlen(struct dynbuf *buffer, size_t length) __attribute__((weak));
extern int curlx_dyn_vaddf(struct dynbuf *buffer, const char *format, va_list arguments) __attribute__((weak));
extern char *curl_mvaprintf(const char *format, va_list arguments) __attribute__((weak));
extern int curl_mvsnprintf(char *buffer, size_t size, const char *format, va_list arguments) __attribute__((weak));
extern void *(*Curl_cmalloc)(size_t size) __attribute__((weak)); /* what curl_free() gives back */

#define HIDDEN __attribute__((visibility("hidden")))

enum { MOST_PIECES = 24, MOST_DIGITS = 10, LONGEST = 8000000 /* DYN_APRINTF */ };

/* What a format becomes. */
struct pieces {
    struct {
        const char *bytes;
        size_t length;
    } at[MOST_PIECES];
    unsigned count;
    size_t length;
    char digits[MOST_PIECES][MOST_DIGITS];
};

static void add(struct pieces *pieces, const char *bytes, size_t length)
{
    pieces->at[pieces->count].bytes = bytes;
    pieces->at[pieces->count].length = length;
    pieces->count++;
    pieces->length += length;
}

static void add_number(struct pieces *pieces, unsigned number)
{
    char *end = pieces->digits[pieces->count] + MOST_DIGITS, *at = end;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    add(pieces, at, (size_t)(end - at));
}

/* 0: it knows something else, or too much. */
static int take_apart(struct pieces *pieces, const char *format, va_list arguments)
{
    pieces->count = 0;
    pieces->length = 0;
    while (*format != 0) {
        if (pieces->count == MOST_PIECES) {
            return 0;
        }
        if (*format != '%') {
            const char *begin = format;
            do {
                format++;
            } while (*format != '%' && *format != 0);
            add(pieces, begin, (size_t)(format - begin));
        } else if (format[1] == 's') {
            const char *string = va_arg(arguments, const char *);
            if (string == NULL) {
                add(pieces, "(nil)", 5); /* as libcurl shows it */
            } else if (*string != 0) {
                add(pieces, string, strlen(string));
            }
            format += 2;
        } else if (format[1] == 'u') {
            add_number(pieces, va_arg(arguments, unsigned));
            format += 2;
        } else {
            return 0;
        }
    }
    return 1;
}

static void put_together(const struct pieces *pieces, char *to)
{
    for (unsigned i = 0; i < pieces->count; i++) {
        memcpy(to, pieces->at[i].bytes, pieces->at[i].length);
        to += pieces->at[i].length;
    }
    *to = 0;
}

static int is_plain(struct pieces *pieces, const char *format, va_list arguments)
{
    va_list copy;
    va_copy(copy, arguments);
    int plain = take_apart(pieces, format, copy);
    va_end(copy);
    return plain;
}

/* A request begins with its method. Without room from the start its buffer would be allocated four times. */
static int make_room(struct dynbuf *buffer, const char *format)
{
    static const char room[512];
    if (strcmp(format, "%s ") != 0 || curlx_dyn_len(buffer) != 0) {
        return 0;
    }
    int code = curlx_dyn_addn(buffer, room, sizeof room - 1);
    return code != 0 ? code : curlx_dyn_setlen(buffer, 0);
}

HIDDEN int __wrap_curlx_dyn_addf(struct dynbuf *buffer, const char *format, ...)
{
    struct pieces pieces;
    va_list arguments;
    va_start(arguments, format);
    int code = make_room(buffer, format);
    if (code == 0 && is_plain(&pieces, format, arguments)) {
        for (unsigned i = 0; i < pieces.count && code == 0; i++) {
            code = curlx_dyn_addn(buffer, pieces.at[i].bytes, pieces.at[i].length);
        }
    } else if (code == 0) {
        code = curlx_dyn_vaddf(buffer, format, arguments);
    }
    va_end(arguments);
    return code;
}

HIDDEN char *__wrap_curl_maprintf(const char *format, ...)
{
    struct pieces pieces;
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (is_plain(&pieces, format, arguments) && pieces.length < LONGEST) {
        text = Curl_cmalloc(pieces.length + 1);
        if (text != NULL) {
            put_together(&pieces, text);
        }
    } else {
        text = curl_mvaprintf(format, arguments);
    }
    va_end(arguments);
    return text;
}

HIDDEN int __wrap_curl_msnprintf(char *buffer, size_t size, const char *format, ...)
{
    struct pieces pieces;
    va_list arguments;
    va_start(arguments, format);
    int length;
    if (is_plain(&pieces, format, arguments) && pieces.length < size) {
        put_together(&pieces, buffer);
        length = (int)pieces.length;
    } else {
        length = curl_mvsnprintf(buffer, size, format, arguments);
    }
    va_end(arguments);
    return length;
}
