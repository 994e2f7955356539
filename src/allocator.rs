//! Where the library's memory comes from: mimalloc, since a submitted call is allocated on one thread and freed on another, for
//! which malloc() has locks. What is large comes from the system all the same: it grows there without being copied, by
//! mremap(), and goes back at once.

use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

struct Allocator;

// The crate takes those for any alignment, which cost twice as much. libcurl's callback types want them safe; only this library
// calls them.
unsafe extern "C" {
    pub safe fn mi_malloc(size: usize) -> *mut c_void;
    pub safe fn mi_realloc(block: *mut c_void, size: usize) -> *mut c_void;
    safe fn mi_collect(force: bool);
}

/// Bodies of this size are rare, and twice their memory while they grow is a lot.
const LARGE: usize = 4 << 20;

// SAFETY: a block goes back to where blocks of its size come from, which its layout tells.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe {
            if is_aligned_anyway(layout, layout.size()) {
                mi_malloc(layout.size()).cast()
            } else if layout.size() < LARGE {
                MiMalloc.alloc(layout)
            } else {
                System.alloc(layout)
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { if layout.size() < LARGE { MiMalloc.alloc_zeroed(layout) } else { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { if layout.size() < LARGE { MiMalloc.dealloc(block, layout) } else { System.dealloc(block, layout) } }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe {
            match (layout.size() < LARGE, size < LARGE) {
                (true, true) if is_aligned_anyway(layout, size) => mi_realloc(block.cast(), size).cast(),
                (true, true) => MiMalloc.realloc(block, layout, size),
                (false, false) => System.realloc(block, layout, size),
                _ => {
                    let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                    if !new.is_null() {
                        new.copy_from_nonoverlapping(block, layout.size().min(size));
                        self.dealloc(block, layout);
                    }
                    new
                }
            }
        }
    }
}

/// Of mimalloc's blocks those of 16 bytes and more are aligned to 16 (MI_MAX_ALIGN_SIZE), smaller ones to 8.
fn is_aligned_anyway(layout: Layout, size: usize) -> bool {
    size < LARGE && layout.align() <= size.min(16)
}

/// Held by who makes use of much memory. With the last one goes what the allocator keeps for the next: otherwise it would only
/// when somebody allocates again, which may be never.
pub struct Claim;

static CLAIMS: AtomicUsize = AtomicUsize::new(0);

impl Claim {
    pub fn new() -> Claim {
        CLAIMS.fetch_add(1, Ordering::Relaxed);
        Claim
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if CLAIMS.fetch_sub(1, Ordering::Relaxed) == 1 {
            mi_collect(true);
        }
    }
}
