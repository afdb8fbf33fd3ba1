//! CREATE, ALTER and DROP USER; roles. Names and passwords obey the vendor's rules.

use crate::context::Context;
use crate::error::{Failure, Result};
use engine::{ADMIN_ROLE, NewUser, ROOT_USER, UserChange};

const LENGTH: std::ops::RangeInclusive<usize> = 4..=32;

fn denied(text: &str) -> Failure {
    Failure::new(803, format!("Access Denied: {text}"))
}

/// Checks a name or a password; `what` says which.
fn check(what: &str, text: &str) -> Result<()> {
    let illegal = |text: String| Err(Failure::new(820, text));
    let length = text.chars().count();
    if text.contains(' ') {
        return illegal(format!("The {what} cannot contain spaces"));
    }
    if length < *LENGTH.start() {
        return illegal(format!("The length of {what} must be greater than or equal to {}", LENGTH.start()));
    }
    if length > *LENGTH.end() {
        return illegal(format!("The length of {what} must be less than or equal to {}", LENGTH.end()));
    }
    let takes = |c: char| c.is_ascii_alphanumeric() || "-_!@#$%^&*()+=".contains(c);
    if !text.chars().all(takes) {
        return illegal(format!("The {what} can only contain letters, numbers or !@#$%^*()_+-="));
    }
    Ok(())
}

/// CREATE USER
pub(crate) async fn create(context: &Context, name: &str, password: &str) -> Result<()> {
    context.require_security()?;
    if name == ROOT_USER {
        return Err(denied("Cannot create user has same name with admin user"));
    }
    check("name", name)?;
    check("password", password)?;
    if context.catalog().user_named(name).is_some() {
        return Err(Failure::new(805, format!("User {name} already exists")));
    }
    let new = NewUser::user(name, Some(password));
    context.engine().create_user(context.caller(), new).await?;
    Ok(())
}

/// CREATE ROLE
pub(crate) async fn create_role(context: &Context, name: &str) -> Result<()> {
    context.require_security()?;
    check("name", name)?;
    if context.catalog().user_named(name).is_some() {
        return Err(Failure::new(809, format!("Role {name} already exists")));
    }
    let new = NewUser::role(name);
    context.engine().create_user(context.caller(), new).await?;
    Ok(())
}

/// DROP USER and DROP ROLE
pub(crate) async fn drop(context: &Context, name: &str, is_role: bool) -> Result<()> {
    context.require_security()?;
    if !is_role && (name == ROOT_USER || name == context.caller().name) {
        return Err(denied("Cannot drop admin user or yourself"));
    }
    let catalog = context.catalog();
    let user = catalog.user_named(name).filter(|user| user.is_role == is_role && name != ADMIN_ROLE);
    let Some(user) = user else {
        return Err(match is_role {
            true => Failure::new(808, format!("Role {name} does not exist")),
            false => Failure::new(804, format!("User {name} does not exist")),
        });
    };
    Ok(context.engine().drop_user(context.caller(), user.id).await?)
}

/// ALTER USER .. SET PASSWORD
pub(crate) async fn set_password(context: &Context, name: &str, password: &str) -> Result<()> {
    let caller = context.caller();
    if name == ROOT_USER && caller.name != ROOT_USER {
        return Err(denied("Only the superuser can alter him/herself."));
    }
    if name != caller.name {
        context.require_security()?;
    }
    let catalog = context.catalog();
    let Some(user) = catalog.user_named(name).filter(|user| !user.is_role) else {
        return Err(Failure::new(305, format!("User {name} does not exist")));
    };
    check("password", password)?;
    let change = UserChange { password: Some(Some(password.to_owned())), ..UserChange::default() };
    Ok(context.engine().alter_user(caller, user.id, change).await?)
}

/// ALTER USER .. RENAME TO
pub(crate) async fn rename(context: &Context, name: &str, to: &str) -> Result<()> {
    let caller = context.caller();
    if name == ROOT_USER {
        return Err(denied("Cannot rename admin user"));
    }
    if name != caller.name {
        context.require_security()?;
    }
    let catalog = context.catalog();
    let Some(user) = catalog.user_named(name).filter(|user| !user.is_role) else {
        return Err(Failure::new(804, format!("User {name} does not exist")));
    };
    check("name", to)?;
    Ok(context.engine().rename_user(caller, user.id, to).await?)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_and_passwords_obey_the_rules() {
        assert!(check("name", "rus_ann").is_ok());
        for (text, message) in [
            ("abc", "The length of name must be greater than or equal to 4"),
            ("rus x", "The name cannot contain spaces"),
            ("rüssel", "The name can only contain letters, numbers or !@#$%^*()_+-="),
            (&"x".repeat(33), "The length of name must be less than or equal to 32"),
        ] {
            let failure = check("name", text).unwrap_err();
            assert_eq!((failure.code, failure.message.as_deref()), (820, Some(message)));
        }
    }
}
