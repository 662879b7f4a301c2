//! What frameworks call around their handlers, without any call in the project: middleware, guards, signals, checks of forms and
//! models, tags of templates, callbacks of sign-in; and what platforms invoke: functions of a cloud, messages to a bot.

mod classes;
mod consumers;
mod decorators;
mod platforms;
mod python;
mod typescript;

pub use classes::{python as python_class, typescript as typescript_class};
pub use consumers::{call as consumer_call, file as consumer_file};
pub use decorators::decorated;
pub use platforms::{
    call_python as platform_call_python, call_typescript as platform_call_typescript, class_python as platform_class_python,
    decorated as platform_decorated, file as platform_file,
};
pub use python::{call as call_python, file as python_file};
pub use typescript::call as call_typescript;
