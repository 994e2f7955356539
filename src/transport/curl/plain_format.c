/*
 * What the linker leads libcurl's curlx_dyn_addf() to, by --wrap (build.rs). It puts a request's lines together byte by byte,
 * each through four functions: more than a tenth of what a request costs. Formats that know nothing but %s are done in pieces here.
 */
#include <stdarg.h>
#include <string.h>

/* A CURLcode is an int (curl/curl.h). Weak: where nothing is wrapped, nothing is called either. */
struct dynbuf;
extern int curlx_dyn_addn(struct dynbuf *buffer, const void *bytes, size_t length) __attribute__((weak));
extern int curlx_dyn_vaddf(struct dynbuf *buffer, const char *format, va_list arguments) __attribute__((weak));

static int knows_only_strings(const char *format)
{
    for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at + 2, '%')) {
        if (at[1] != 's') {
            return 0;
        }
    }
    return 1;
}

static int add_in_pieces(struct dynbuf *buffer, const char *format, va_list arguments)
{
    int code = 0;
    while (code == 0 && *format != 0) {
        if (*format == '%') {
            const char *string = va_arg(arguments, const char *);
            string = string != NULL ? string : "(nil)"; /* as libcurl shows it */
            code = curlx_dyn_addn(buffer, string, strlen(string));
            format += 2;
        } else {
            size_t length = strcspn(format, "%");
            code = curlx_dyn_addn(buffer, format, length);
            format += length;
        }
    }
    return code;
}

__attribute__((visibility("hidden"))) int __wrap_curlx_dyn_addf(struct dynbuf *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int code = knows_only_strings(format) ? add_in_pieces(buffer, format, arguments)
                                          : curlx_dyn_vaddf(buffer, format, arguments);
    va_end(arguments);
    return code;
}
