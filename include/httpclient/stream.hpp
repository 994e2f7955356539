/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_STREAM_HPP
#define HTTPCLIENT_STREAM_HPP

/** @file A response whose body is read piece by piece. Included by httpclient.hpp. */

#include "response.hpp"

namespace httpclient
{

/** What client::open() gives. One thread at a time. */
class stream : public detail::handle<httpc_stream, httpc_stream_free>
{
  public:
    using handle::handle;

    /** The head, and once the end is read all that is known then (httpc_stream_response()). */
    response head() const noexcept { return response(httpc_response_ref(httpc_stream_response(native_handle()))); }
    /** The next bytes, at most `size`; 0 at the end. */
    result<std::size_t> try_read(char *buffer, std::size_t size)
    {
        std::size_t count = 0;
        httpc_error *failure = nullptr;
        if (httpc_stream_read(native_handle(), buffer, size, &count, &failure) != HTTPC_OK) {
            return error(failure);
        }
        return count;
    }
#if HTTPCLIENT_EXCEPTIONS
    std::size_t read(char *buffer, std::size_t size) { return try_read(buffer, size).value(); }
#endif
};

} // namespace httpclient

#endif
