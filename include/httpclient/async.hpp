/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_ASYNC_HPP
#define HTTPCLIENT_ASYNC_HPP

/**
 * @file
 * Part of httpclient.hpp: submitted calls, completion queues, and what callables and futures are made of.
 */

#include <cstddef>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>

#include "base.hpp"
#include "error.hpp"
#include "response.hpp"

namespace httpclient
{

/* ---- Submitted calls --------------------------------------------------------------------- */

/** A submitted call. Any thread may use it; destroying it changes nothing for the call. */
class call : public detail::handle<httpc_call, httpc_call_free>
{
  public:
    using handle::handle;

    void cancel() const noexcept { httpc_call_cancel(native_handle()); }
    /** Ends a pause of the call's own functions. */
    void resume() const noexcept { httpc_call_resume(native_handle()); }
    bool is_over() const noexcept { return httpc_call_is_over(native_handle()); }
    /** HTTPC_E_AGAIN when `wait` was too short; HTTPC_E_WOULD_DEADLOCK inside callbacks of the call's client. */
    result<void> try_wait(milliseconds wait = forever) const
    {
        return detail::run(httpc_call_wait, native_handle(), detail::wait_ms(wait));
    }
    /** Of a call that was submitted without a function and without a queue. */
    result<response> try_take_result() const { return detail::make<response>(httpc_call_take_result, native_handle()); }
#if HTTPCLIENT_EXCEPTIONS
    void wait(milliseconds wait = forever) const { try_wait(wait).value(); }
    response take_result() const { return try_take_result().value(); }
#endif
};

/* ---- Completion queues ------------------------------------------------------------------- */

/** The outcome of one call. */
class event : public detail::handle<httpc_event, httpc_event_free>
{
  public:
    using handle::handle;

    void *tag() const noexcept { return httpc_event_tag(native_handle()); }
    httpc_code code() const noexcept { return httpc_event_code(native_handle()); }
    /** The outcome, once. */
    result<response> take() const
    {
        static constexpr detail::own_failure taken = {HTTPC_E_INVALID_ARG,
                                                      "the outcome of the event was taken already"};
        if (httpc_response *response = httpc_event_take_response(native_handle())) {
            return httpclient::response(response);
        }
        httpc_error *error = httpc_event_take_error(native_handle());
        return error != nullptr ? httpclient::error(error) : httpclient::error(&taken);
    }
};

/** Where outcomes arrive. Any number of threads may ask. */
class queue : public detail::handle<httpc_queue, httpc_queue_free>
{
  public:
    using handle::handle;
    queue() noexcept : handle(detail::fresh(httpc_queue_new)) {}

    /** Readable while events wait; to be polled, never to be read or closed. -1 when there is none to be had. */
    int fd() const noexcept { return httpc_queue_fd(native_handle()); }
    std::size_t length() const noexcept { return httpc_queue_length(native_handle()); }
    /** HTTPC_E_AGAIN when no event came within `wait`. */
    result<event> try_next(milliseconds wait = forever) const
    {
        return detail::make<event>(httpc_queue_next, native_handle(), detail::wait_ms(wait));
    }
#if HTTPCLIENT_EXCEPTIONS
    event next(milliseconds wait = forever) const { return try_next(wait).value(); }
#endif
};

namespace detail
{

/* ---- Callables ---- */

template <class Done> inline constexpr bool is_done = std::is_invocable_v<std::decay_t<Done>, result<response>>;

inline result<response> outcome(httpc_response *response, httpc_error *error) noexcept
{
    if (response != nullptr) {
        return httpclient::response(response);
    }
    return httpclient::error(error);
}

inline result<call> submit(httpc_client *client, const httpc_request *request)
{
    return make<call>(httpc_submit, client, request, nullptr, nullptr);
}

template <class Done> result<call> submit(httpc_client *client, const httpc_request *request, Done &&done)
{
    using held = std::decay_t<Done>;
    const auto run = [](void *done_, httpc_code, httpc_response *response, httpc_error *error) noexcept {
        const std::unique_ptr<held> own(static_cast<held *>(done_));
        std::invoke(std::move(*own), outcome(response, error));
    };
    auto own = std::make_unique<held>(std::forward<Done>(done));
    auto submitted = make<call>(httpc_submit, client, request, static_cast<httpc_done_fn>(run), own.get());
    if (submitted) {
        static_cast<void>(own.release()); /* run() has it, and may have freed it */
    }
    return submitted;
}

/* ---- Futures ---- */

/* Keeps the promise with an outcome. */
inline void keep(std::promise<result<response>> &promise, result<response> &&outcome)
{
    promise.set_value(std::move(outcome));
}

#if HTTPCLIENT_EXCEPTIONS
inline void keep(std::promise<response> &promise, result<response> &&outcome)
{
    if (outcome) {
        promise.set_value(*std::move(outcome));
    } else {
        promise.set_exception(std::make_exception_ptr(exception(std::move(outcome).error())));
    }
}
#endif

template <class T> std::future<T> future(httpc_client *client, const httpc_request *request)
{
    std::promise<T> promise;
    auto future = promise.get_future();
    auto submitted = submit(client, request, [promise = std::move(promise)](result<response> outcome) mutable {
        keep(promise, std::move(outcome));
    });
    if (!submitted) {
        std::promise<T> failed;
        future = failed.get_future();
        keep(failed, std::move(submitted).error());
    }
    return future;
}

} // namespace detail

} // namespace httpclient

#endif
