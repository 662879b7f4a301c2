//! How dependency containers mark what they put in.

/// Generic types that stand around the type of what is put in: `FromDishka[Mailer]`.
pub fn is_mark(name: &str) -> bool {
    matches!(name, "FromDishka" | "FromComponent" | "Injected")
}

/// Whether a call says that its first argument is a dependency of `FastAPI`: `Depends(f)`, `Security(f)`.
pub fn is_depends(function: &str) -> bool {
    matches!(function, "Depends" | "Security")
}

/// The same, also of other containers: `Inject(f)`, `Provide(f)`.
pub fn takes_maker(function: &str) -> bool {
    is_depends(function) || matches!(function, "Inject" | "Provide")
}

/// What a provider of a declared container gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provided {
    /// When it is called: what its first argument makes (`providers.Singleton(Mailer)`, `providers.Resource(open_pool)`).
    Made,
    /// As it stands: another container (`providers.Container(Storage)`).
    Container,
}

/// What a provider of dependency-injector, by its dotted name, gives of its first argument.
pub fn provided(name: &str) -> Option<Provided> {
    match name.strip_prefix("dependency_injector.providers.")? {
        "Container" => Some(Provided::Container),
        "Callable"
        | "ContextLocalSingleton"
        | "Coroutine"
        | "Factory"
        | "Resource"
        | "Singleton"
        | "ThreadLocalSingleton"
        | "ThreadSafeSingleton" => Some(Provided::Made),
        _ => None,
    }
}

/// Whether a subscript asks a container for what stands in it: `Provide[Container.mailer]`.
pub fn is_request(name: &str) -> bool {
    matches!(
        name,
        "dependency_injector.wiring.Provide" | "dependency_injector.wiring.Closing" | "dependency_injector.wiring.Provider"
    )
}
