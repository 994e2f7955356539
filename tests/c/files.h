/* Small files in tests: reading one whole, and making one for a while. */
#ifndef FILES_H
#define FILES_H

#include "check.h"

/* Its bytes, to be freed, with a NUL behind them. */
static inline char *file_content(const char *path, size_t *length)
{
    static const size_t most = 64 << 10;
    FILE *file = fopen(path, "rb");
    char *content = calloc(1, most + 1);
    *length = 0;
    if (CHECK(file != NULL) && CHECK(content != NULL)) {
        *length = fread(content, 1, most, file);
        CHECK(feof(file));
    }
    if (file != NULL) {
        fclose(file);
    }
    return content;
}

static inline void write_file(const char *path, const void *content, size_t length)
{
    FILE *file = fopen(path, "wb");
    if (CHECK(file != NULL)) {
        CHECK_EQ(fwrite(content, 1, length, file), length);
        fclose(file);
    }
}

/* Changed in place: "/tmp/httpc-test-XXXXXX" becomes a new directory. */
static inline void make_directory(char *path)
{
    CHECK(mkdtemp(path) != NULL);
}

#endif
