//! Hooks and clients by which components ask a server.

/// Hooks of react-query, SWR, tRPC, Apollo and the like that send a request for each key.
pub fn is_query_hook(method: &str) -> bool {
    matches!(
        method,
        "useQuery" | "useSuspenseQuery" | "useInfiniteQuery" | "useSWR" | "useSWRImmutable" | "useSWRInfinite"
    )
}

/// Hooks that run their function once the component is there, and again when what they depend on changes.
pub fn is_effect_hook(method: &str) -> bool {
    matches!(method, "useEffect" | "useLayoutEffect" | "useAsync" | "useAsyncEffect" | "useMount")
}

/// Hooks whose key is the address that they ask.
pub fn is_keyed_by_address(method: &str) -> bool {
    matches!(method, "useSWR" | "useSWRInfinite" | "useSWRImmutable")
}

/// Calls whose order never matters and whose result nobody takes.
pub fn is_refresh(method: &str) -> bool {
    matches!(
        method,
        "prefetchQuery" | "prefetchInfiniteQuery" | "ensureQueryData" | "fetchQuery" | "refetchQueries" | "invalidateQueries" | "prefetch"
    )
}
