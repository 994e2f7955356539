/* A program may have a libcurl, an nghttp2 or a Rust library of its own: the archive must neither collide with their symbols nor
 * call them. */
#include <stdlib.h>

#define OWN(name)                                                                                                              \
    void name(void);                                                                                                           \
    void name(void)                                                                                                            \
    {                                                                                                                          \
        abort();                                                                                                               \
    }

OWN(curl_global_init)
OWN(curl_easy_init)
OWN(curl_easy_setopt)
OWN(curl_multi_init)
OWN(nghttp2_session_mem_recv)
OWN(rust_eh_personality)
