/*
 * What rustc's instrumentation calls and gcc's runtime does not have under these names. The plain functions are watched by
 * that runtime; built with -fno-builtin, so that they stay calls.
 */
#include <stddef.h>
#include <string.h>

void *__tsan_memcpy(void *to, const void *from, size_t size)
{
    return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size)
{
    return memmove(to, from, size);
}

void *__tsan_memset(void *to, int byte, size_t size)
{
    return memset(to, byte, size);
}
