/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_HPP
#define HTTPCLIENT_HPP

/**
 * @file
 * libhttpclient for C++17 and later: the objects of httpclient.h with owners, string views and results. Header-only.
 *
 *     httpclient::client client(httpclient::config().base_url("https://api.example.com/v1").bearer_token(token));
 *
 *     auto id = client.get("items/42").json<std::int64_t>("/id");              // throws httpclient::exception
 *
 *     if (auto item = client.try_get("items/42")) use(item->body());           // result<response>: value or error
 *     else                                        log(item.error().detail());
 *
 * - Names: a function is the C function of its name without `httpc_OBJECT_` and `set_`, and httpclient.h documents it;
 * here stands only what differs.
 * - Failure: `try_` functions return a result<T>; those without it throw an exception with the same error. Compiled
 * with -fno-exceptions only the `try_` functions are declared. Setters do neither: their object keeps the first
 * failure, which client(config) or send(request) then reports.
 * - Ownership: objects are move-only and free what they hold. A moved-from object may be assigned to or destroyed; used
 *   otherwise it is HTTPC_E_INVALID_ARG, accessors read zero. native_handle() lends the C object to functions of
 * httpclient.h.
 * - Strings in: anything that is a string; see `text`. Strings out: views that last as long as the object asked (marked
 *   HTTPCLIENT_BORROWED, so that clang warns of some that outlive it). data() of a view is NUL-terminated.
 * - Threads: as in C. client and cancel_token may be used by any thread at any time, response, error and attempt read
 * by any, the others by one thread at a time.
 * - Setters return their object, for a chain in one expression; one to keep is named first, or std::move(chain)d.
 * - Callbacks are anything callable. One that the library keeps must not throw; retry_run() throws on what its own
 * throws.
 * - Asynchronous calls: submit() to a callable, submit_to() a queue, future() into a std::future, and with C++20
 *   `co_await client.async(request)`. docs/threads.md tells which thread runs what.
 * - Cost: a successful call does nothing beyond the C call, save copying a std::string_view argument that may lack its
 * NUL, and putting a callable, a future's or a coroutine's state on the heap.
 */

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "httpclient/async.hpp"
#include "httpclient/base.hpp"
#include "httpclient/config.hpp"
#include "httpclient/coroutine.hpp"
#include "httpclient/error.hpp"
#include "httpclient/mock.hpp"
#include "httpclient/request_body.hpp"
#include "httpclient/stream.hpp"
#include "httpclient/response.hpp"
#include "httpclient/retry.hpp"

namespace httpclient
{

/* ---- Requests ---------------------------------------------------------------------------- */

/** One request, for what the short calls of client cannot say. Reusable. Setters can be chained. */
class request : public detail::bodies<request>
{
  public:
    using bodies::bodies;

    static result<request> try_make(const text &method, const text &url)
    {
        return detail::make<request>(httpc_request_new, method.c_str(), url.c_str());
    }
#if HTTPCLIENT_EXCEPTIONS
    request(const text &method, const text &url) : request(try_make(method, url).value()) {}
#endif

    /** The first failure of a setter; false when there is none. Borrowed. */
    error_view error() const noexcept HTTPCLIENT_BORROWED { return error_view(httpc_request_error(native_handle())); }

    request &add_query(const text &name, const text &value) noexcept
    {
        return set(httpc_request_add_query, name.c_str(), value.c_str());
    }
    request &header(const text &name, const text &value) noexcept
    {
        return set(httpc_request_set_header, name.c_str(), value.c_str());
    }
    request &add_header(const text &name, const text &value) noexcept
    {
        return set(httpc_request_add_header, name.c_str(), value.c_str());
    }
    request &secret_header(const text &name, const text &value) noexcept
    {
        return set(httpc_request_set_secret_header, name.c_str(), value.c_str());
    }
    /** To be answered with 304 as long as `since` is current (httpc_request_set_if_changed()). */
    request &if_changed(const response &since) noexcept
    {
        return set(httpc_request_set_if_changed, since.native_handle());
    }
    /** To be refused with 412 once `since` is not current any more (httpc_request_set_if_unchanged()). */
    request &if_unchanged(const response &since) noexcept
    {
        return set(httpc_request_set_if_unchanged, since.native_handle());
    }
    /** Any bytes, copied. `content_type` nullptr: none. */
    request &body(const text &content_type, const void *bytes, std::size_t length) noexcept
    {
        return set(httpc_request_set_body, content_type.c_str(), bytes, length);
    }
    request &body(const text &content_type, std::string_view bytes) noexcept
    {
        return body(content_type, bytes.data(), bytes.size());
    }
    request &json(const text &json) noexcept { return set(httpc_request_set_json, json.c_str()); }
    request &timeout(httpc_timeout which, milliseconds time) noexcept
    {
        return set(httpc_request_set_timeout, static_cast<std::int32_t>(which), detail::option_ms(time));
    }
    request &retry(const retry_policy &policy) noexcept
    {
        return policy ? set(httpc_request_set_retry, policy.native_handle()) : header(detail::moved_from, "");
    }
    /** Turns retries off. */
    request &retry(std::nullptr_t) noexcept { return set(httpc_request_set_retry, nullptr); }
    request &status_errors(bool on) noexcept { return set(httpc_request_set_status_errors, on); }
    request &max_body(std::uint64_t bytes) noexcept { return set(httpc_request_set_max_body, bytes); }
    request &compression(httpc_compression coding) noexcept { return set(httpc_request_set_compression, coding); }
    request &content_decoding(bool on) noexcept { return set(httpc_request_set_content_decoding, on); }
    request &max_redirects(std::uint32_t redirects) noexcept { return set(httpc_request_set_max_redirects, redirects); }
    request &redirect_post(bool on) noexcept { return set(httpc_request_set_redirect_post, on); }
    /** Without a key: a fresh one for each send. */
    request &idempotency_key(const text &key = nullptr) noexcept
    {
        return set(httpc_request_set_idempotency_key, key.c_str());
    }
    request &idempotent(bool on) noexcept { return set(httpc_request_set_idempotent, on); }
    request &cancel_token(const httpclient::cancel_token &token) noexcept
    {
        return token ? set(httpc_request_set_cancel_token, token.native_handle()) : header(detail::moved_from, "");
    }
    /** Takes the token away. */
    request &cancel_token(std::nullptr_t) noexcept { return set(httpc_request_set_cancel_token, nullptr); }
};

/* ---- Statistics -------------------------------------------------------------------------- */

/** A snapshot of a client's pool. */
class stats : public detail::handle<httpc_stats, httpc_stats_free>
{
  public:
    using handle::handle;

    std::uint32_t in_use() const noexcept { return httpc_stats_in_use(native_handle()); }
    std::uint32_t idle() const noexcept { return httpc_stats_idle(native_handle()); }
    std::uint32_t waiting() const noexcept { return httpc_stats_waiting(native_handle()); }
    std::uint64_t opened() const noexcept { return httpc_stats_opened(native_handle()); }
    std::uint64_t reused() const noexcept { return httpc_stats_reused(native_handle()); }
};

/* ---- Clients ----------------------------------------------------------------------------- */

/**
 * A session; any number of threads may call at once. The destructor ends running calls and waits for that; inside a
 * callback of the client it does not wait.
 */
class client : public detail::handle<httpc_client, httpc_client_free>
{
  public:
    using handle::handle;

    /** With all defaults. */
    static result<client> try_make() { return detail::make<client>(httpc_client_new, nullptr); }
    static result<client> try_make(const config &options)
    {
        if (!options) {
            return try_make(config().header(detail::moved_from, ""));
        }
        return detail::make<client>(httpc_client_new, options.native_handle());
    }

    result<response> try_get(const text &url) const { return run(httpc_get, url.c_str()); }
    result<response> try_head(const text &url) const { return run(httpc_head, url.c_str()); }
    result<response> try_del(const text &url) const { return run(httpc_delete, url.c_str()); }
    result<response> try_options(const text &url) const { return run(httpc_options, url.c_str()); }
    /** Any bytes. `content_type` nullptr: none. */
    result<response> try_post(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return run(httpc_post, url.c_str(), content_type.c_str(), body.data(), body.size());
    }
    result<response> try_put(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return run(httpc_put, url.c_str(), content_type.c_str(), body.data(), body.size());
    }
    result<response> try_patch(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return run(httpc_patch, url.c_str(), content_type.c_str(), body.data(), body.size());
    }
    result<response> try_post_json(const text &url, const text &json) const
    {
        return run(httpc_post_json, url.c_str(), json.c_str());
    }
    result<response> try_put_json(const text &url, const text &json) const
    {
        return run(httpc_put_json, url.c_str(), json.c_str());
    }
    result<response> try_patch_json(const text &url, const text &json) const
    {
        return run(httpc_patch_json, url.c_str(), json.c_str());
    }
    result<response> try_send(const request &request) const { return run(httpc_send, request.native_handle()); }
    /** GET into a file that is there only once it is whole. */
    result<response> try_download(const text &url, const text &path) const
    {
        return run(httpc_download, url.c_str(), path.c_str());
    }
    /** The response as soon as its head has come, its body to be read. */
    result<stream> try_open(const request &request) const
    {
        return detail::make<stream>(httpc_open, native_handle(), request.native_handle());
    }

    /**
     * Submits a request. `done` is called once as void(result<response>), on an engine thread of the client, whose
     * other calls wait meanwhile. It is moved to the heap, may be move-only, and must not throw (std::terminate).
     */
    template <class Done, std::enable_if_t<detail::is_done<Done>, int> = 0>
    result<call> try_submit(const request &request, Done &&done) const
    {
        return detail::submit(native_handle(), request.native_handle(), std::forward<Done>(done));
    }
    /** Submits a request whose outcome call::take_result() gives. */
    result<call> try_submit(const request &request) const
    {
        return detail::submit(native_handle(), request.native_handle());
    }
    /** Submits a request whose outcome goes to `queue`, as an event with `tag`. */
    result<call> try_submit_to(const request &request, const queue &queue, void *tag = nullptr) const
    {
        return detail::make<call>(httpc_submit_to, native_handle(), request.native_handle(), queue.native_handle(),
                                  tag);
    }
    /** Submits a request whose outcome goes into a future, also when it cannot be submitted. */
    std::future<result<response>> try_future(const request &request) const
    {
        return detail::future<result<response>>(native_handle(), request.native_handle());
    }
#if HTTPCLIENT_COROUTINES
    /**
     * Submits a request whose outcome `co_await` gives: see operation. The coroutine goes on inside an engine thread of
     * the client, as a completion function.
     */
    operation<result<response>> try_async(const request &request) const
    {
        return {detail::start(native_handle(), request.native_handle(), detail::resume_here())};
    }
    /** The coroutine goes on in the thread that runs `loop`, which is also the one to call this. */
    operation<result<response>> try_async(const request &request, run_loop &loop) const
    {
        return {loop.start(native_handle(), request.native_handle())};
    }
    /**
     * `resume` is called on an engine thread as void(std::coroutine_handle<>), once, if the coroutine waits by then. It
     * must see to it that the handle is called, and not throw. It is where an executor's post() stands.
     */
    template <class Resume, std::enable_if_t<detail::is_resume<Resume>, int> = 0>
    operation<result<response>> try_async(const request &request, Resume &&resume) const
    {
        return {detail::start(native_handle(), request.native_handle(), std::forward<Resume>(resume))};
    }
#endif
    result<httpclient::stats> try_stats() const
    {
        return detail::make<httpclient::stats>(httpc_client_stats, native_handle());
    }
    /** `wait` 0: do not wait. HTTPC_E_AGAIN when it was too short. */
    result<void> try_close(milliseconds wait = forever) const
    {
        return detail::run(httpc_client_close, native_handle(), detail::wait_ms(wait));
    }

#if HTTPCLIENT_EXCEPTIONS
    client() : client(try_make().value()) {}
    explicit client(const config &options) : client(try_make(options).value()) {}

    response get(const text &url) const { return try_get(url).value(); }
    response head(const text &url) const { return try_head(url).value(); }
    response del(const text &url) const { return try_del(url).value(); }
    response options(const text &url) const { return try_options(url).value(); }
    response post(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return try_post(url, content_type, body).value();
    }
    response put(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return try_put(url, content_type, body).value();
    }
    response patch(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return try_patch(url, content_type, body).value();
    }
    response post_json(const text &url, const text &json) const { return try_post_json(url, json).value(); }
    response put_json(const text &url, const text &json) const { return try_put_json(url, json).value(); }
    response patch_json(const text &url, const text &json) const { return try_patch_json(url, json).value(); }
    response send(const request &request) const { return try_send(request).value(); }
    response download(const text &url, const text &path) const { return try_download(url, path).value(); }
    stream open(const request &request) const { return try_open(request).value(); }
    template <class Done, std::enable_if_t<detail::is_done<Done>, int> = 0>
    call submit(const request &request, Done &&done) const
    {
        return try_submit(request, std::forward<Done>(done)).value();
    }
    call submit(const request &request) const { return try_submit(request).value(); }
    call submit_to(const request &request, const queue &queue, void *tag = nullptr) const
    {
        return try_submit_to(request, queue, tag).value();
    }
    /** Its get() throws what send() would throw. */
    std::future<response> future(const request &request) const
    {
        return detail::future<response>(native_handle(), request.native_handle());
    }
#if HTTPCLIENT_COROUTINES
    operation<response> async(const request &request) const { return try_async(request); }
    operation<response> async(const request &request, run_loop &loop) const { return try_async(request, loop); }
    template <class Resume, std::enable_if_t<detail::is_resume<Resume>, int> = 0>
    operation<response> async(const request &request, Resume &&resume) const
    {
        return try_async(request, std::forward<Resume>(resume));
    }
#endif
    httpclient::stats stats() const { return try_stats().value(); }
    void close(milliseconds wait = forever) const { try_close(wait).value(); }
#endif

  private:
    template <class Function, class... Arguments> result<response> run(Function function, Arguments... arguments) const
    {
        return detail::make<response>(function, native_handle(), arguments...);
    }
};

} // namespace httpclient

#endif
