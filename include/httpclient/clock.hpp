/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_CLOCK_HPP
#define HTTPCLIENT_CLOCK_HPP

/**
 * @file
 * Part of httpclient.hpp: virtual time for tests. docs/testing.md shows whole ones.
 */

#include "base.hpp"
#include "error.hpp"

#include <cstdint>
#include <memory>

namespace httpclient
{

/** A clock for tests: what waits by it waits in no time. */
class clock : public detail::handle<httpc_clock, httpc_clock_free>
{
  public:
    using handle::handle;

    static result<clock> try_make() { return detail::make<clock>(httpc_clock_new); }
#if HTTPCLIENT_EXCEPTIONS
    clock() : clock(try_make().value()) {}
#endif

    httpc_code manual(bool on) const noexcept { return httpc_clock_set_manual(native_handle(), on); }
    httpc_code advance(milliseconds time) const noexcept
    {
        return httpc_clock_advance(native_handle(), detail::option_ms(time));
    }
    /** So many more of the program's threads use it, or fewer; see counted_thread. */
    httpc_code add_threads(std::int32_t n) const noexcept { return httpc_clock_add_threads(native_handle(), n); }
    /** Since the clock was made. */
    milliseconds now() const noexcept { return detail::duration<milliseconds>(httpc_clock_now_ms(native_handle())); }
};

/**
 * A thread that uses a clock, for as long as this lives: time then passes only while it waits in the library. For another
 * thread make it before that starts, and move it in. The clock must outlive it.
 */
class counted_thread
{
  public:
    explicit counted_thread(const clock &time) noexcept
        : clock_(time.add_threads(1) == HTTPC_OK ? time.native_handle() : nullptr)
    {
    }

  private:
    struct uncount
    {
        void operator()(httpc_clock *clock) const noexcept { httpc_clock_add_threads(clock, -1); }
    };
    std::unique_ptr<httpc_clock, uncount> clock_;
};

} // namespace httpclient

#endif
