/* Text that grows, as programs collect heads and bodies into by hand. */
#ifndef TEXT_H
#define TEXT_H

#include <stdlib.h>
#include <string.h>

struct text {
    char *data;
    size_t length, room;
};

static void append(struct text *text, const char *data, size_t length)
{
    if (text->length + length + 1 > text->room) {
        text->room = (text->length + length + 1) * 2;
        text->room = text->room < 512 ? 512 : text->room;
        text->data = realloc(text->data, text->room);
    }
    memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = 0;
}

#endif
