/* Preloaded: counts what a program allocates. */
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
static long count;

long allocations_so_far(void)
{
    return __atomic_load_n(&count, __ATOMIC_RELAXED);
}

static void note(void)
{
    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
}

void *malloc(size_t size)
{
    note();
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
    note();
    return __libc_calloc(items, size);
}

void *realloc(void *old, size_t size)
{
    note();
    return __libc_realloc(old, size);
}
