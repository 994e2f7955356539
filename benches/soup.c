/* The same with libsoup 3, of GNOME. */
#include "bench.h"
#include <libsoup/soup.h>

static void *start(void)
{
    return NULL;
}

static void *enter(void *shared)
{
    (void)shared;
    SoupSession *session = soup_session_new_with_options("user-agent", "libhttpclient/0.1.0", "timeout", 60, NULL);
    return session;
}

static void request(void *of_thread)
{
    GError *error = NULL;
    SoupMessage *message = soup_message_new("GET", job.url);
    GBytes *body = soup_session_send_and_read(of_thread, message, NULL, &error);
    if (body == NULL || soup_message_get_status(message) != 200 || g_bytes_get_size(body) != job.length) {
        fail(error != NULL ? error->message : "another body was expected");
    }
    g_bytes_unref(body);
    g_object_unref(message);
}

static void leave(void *of_thread)
{
    g_object_unref(of_thread);
}

static void stop(void *shared)
{
    (void)shared;
}
