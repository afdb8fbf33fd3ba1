//! The table of routes: paths, methods and the action behind each.
//!
//! Everything below a catalog is answered with and without the catalog's two segments, as the
//! standard's own samples leave them out.

use crate::{Door, handlers};
use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::routing::any;
use dialect::{Media, Parameter, Route};
use std::sync::{Arc, LazyLock};

/// Paths below them are worded by this dialect.
pub(crate) const PREFIXES: &[&str] = &["/api", "/api/v1", "/api/v2"];

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    ListCatalogs,
    ShowCatalog,
    ListDatabases,
    CreateDatabase,
    EnsureDatabase,
    ShowDatabase,
    ChangeDatabase,
    DropDatabase,
    ListTables,
    CreateTable,
    EnsureTable,
    ShowTable,
    ChangeTable,
    DropTable,
    RenameTable,
    ListColumns,
    CreateColumn,
    EnsureColumn,
    ShowColumn,
    ChangeColumn,
    DropColumn,
    RenameColumn,
    ListTags,
    CreateTag,
    EnsureTag,
    ShowTag,
    ChangeTag,
    DropTag,
    RenameTag,
    DeleteRange,
    ListTasks,
    ShowTask,
    CancelTask,
    ListUsers,
    CreateUser,
    EnsureUser,
    ShowUser,
    ChangeUser,
    DropUser,
    ListGrants,
    CreateGrant,
    DropGrant,
}

/// What the body of a request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// It must be empty.
    Nothing,
    /// A JSON object.
    Json,
    /// A JSON object, or one statement of SQL.
    JsonOrSql,
}

impl Action {
    /// What its body may be.
    pub(crate) const fn body(self) -> BodyKind {
        use Action as A;
        match self {
            A::ListCatalogs | A::ShowCatalog | A::ListDatabases | A::ShowDatabase | A::DropDatabase => {
                BodyKind::Nothing
            }
            A::ListTables | A::ShowTable | A::DropTable | A::ListColumns | A::ShowColumn | A::DropColumn => {
                BodyKind::Nothing
            }
            A::ListTags | A::ShowTag | A::DropTag | A::ListTasks | A::ShowTask | A::CancelTask => BodyKind::Nothing,
            A::ListUsers | A::ShowUser | A::DropUser | A::ListGrants | A::DropGrant => BodyKind::Nothing,
            A::CreateTable | A::EnsureTable => BodyKind::JsonOrSql,
            A::CreateDatabase | A::EnsureDatabase | A::ChangeDatabase => BodyKind::Json,
            A::ChangeTable | A::RenameTable | A::CreateColumn | A::EnsureColumn | A::ChangeColumn => BodyKind::Json,
            A::RenameColumn | A::CreateTag | A::EnsureTag | A::ChangeTag | A::RenameTag => BodyKind::Json,
            A::DeleteRange | A::CreateUser | A::EnsureUser | A::ChangeUser | A::CreateGrant => BodyKind::Json,
        }
    }

    /// Its parameters of the query string; the standard allows two at most.
    pub(crate) const fn parameters(self) -> &'static [Parameter] {
        use Action as A;
        match self {
            A::ListCatalogs | A::ListDatabases | A::ListTables | A::ListColumns | A::ListTags | A::ListTasks => PAGING,
            A::ListUsers | A::ListGrants => PAGING,
            A::DropDatabase => FORCE,
            _ => &[],
        }
    }

    const fn summary(self) -> &'static str {
        use Action as A;
        match self {
            A::ListCatalogs => "List the catalogs",
            A::ShowCatalog => "Show a catalog",
            A::ListDatabases => "List the databases",
            A::CreateDatabase => "Create a database",
            A::EnsureDatabase => "Create a database unless it exists",
            A::ShowDatabase => "Show a database",
            A::ChangeDatabase => "Change a database",
            A::DropDatabase => "Drop a database if it exists",
            A::ListTables => "List the tables of a database",
            A::CreateTable => "Create a table, from JSON or from CREATE TABLE",
            A::EnsureTable => "Create a table unless it exists, from JSON or from CREATE TABLE",
            A::ShowTable => "Show a table",
            A::ChangeTable => "Change a table",
            A::DropTable => "Drop a table if it exists",
            A::RenameTable => "Rename a table",
            A::ListColumns => "List the columns of a table",
            A::CreateColumn => "Add a column",
            A::EnsureColumn => "Add a column unless it exists",
            A::ShowColumn => "Show a column",
            A::ChangeColumn => "Change a column",
            A::DropColumn => "Drop a column if it exists",
            A::RenameColumn => "Rename a column",
            A::ListTags => "List the tags of a table",
            A::CreateTag => "Add a tag",
            A::EnsureTag => "Add a tag unless it exists",
            A::ShowTag => "Show a tag",
            A::ChangeTag => "Change a tag",
            A::DropTag => "Drop a tag if it exists",
            A::RenameTag => "Rename a tag",
            A::DeleteRange => "Delete the rows of a range of time, as a task",
            A::ListTasks => "List the tasks",
            A::ShowTask => "Show a task",
            A::CancelTask => "Cancel a task, or remove a finished one",
            A::ListUsers => "List the users",
            A::CreateUser => "Create a user",
            A::EnsureUser => "Create a user unless it exists",
            A::ShowUser => "Show a user",
            A::ChangeUser => "Change a user",
            A::DropUser => "Drop a user if it exists",
            A::ListGrants => "List what a user was granted",
            A::CreateGrant => "Grant privileges to a user",
            A::DropGrant => "Take a grant away",
        }
    }
}

const PAGING: &[Parameter] = &[
    Parameter::query("page_token", "where the last page ended"),
    Parameter::query("filter", "conditions on the name, such as name LIKE \"a%\""),
    Parameter::query("page_num", "the page, from 0, in place of page_token and filter"),
    Parameter::query("page_size", "its size, with page_num"),
];
const FORCE: &[Parameter] = &[Parameter::query("force", "whether a database that holds tables goes too")];

/// A path with the methods that work on it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) path: &'static str,
    pub(crate) methods: &'static [(&'static str, Action)],
}

impl Endpoint {
    /// What a method asks for here; HEAD asks what GET does.
    pub(crate) fn action(&self, method: &str) -> Option<Action> {
        let method = if method == "HEAD" { "GET" } else { method };
        self.methods.iter().find(|(own, _)| *own == method).map(|(_, action)| *action)
    }

    /// The methods that work, for `Allow`.
    pub(crate) fn allowed(&self) -> String {
        self.methods.iter().map(|(method, _)| *method).collect::<Vec<_>>().join(", ")
    }
}

macro_rules! endpoints {
    (alone { $($alone:literal: $($method:ident $action:ident),+;)+ }
     below_catalog { $($below:literal: $($own_method:ident $own_action:ident),+;)+ }) => {
        &[
            $(Endpoint {
                path: concat!("/api/v2", $alone),
                methods: &[$((stringify!($method), Action::$action)),+],
            },)+
            $(Endpoint {
                path: concat!("/api/v2/catalogs/{catalog}", $below),
                methods: &[$((stringify!($own_method), Action::$own_action)),+],
            },
            Endpoint {
                path: concat!("/api/v2", $below),
                methods: &[$((stringify!($own_method), Action::$own_action)),+],
            },)+
        ]
    };
}

/// Every resource.
pub(crate) const ENDPOINTS: &[Endpoint] = endpoints! {
    alone {
        "/catalogs": GET ListCatalogs;
        "/catalogs/{catalog}": GET ShowCatalog;
        "/tasks": GET ListTasks;
        "/tasks/{task}": GET ShowTask, DELETE CancelTask;
        "/users": GET ListUsers, POST CreateUser;
        "/users/{user}": GET ShowUser, PUT EnsureUser, PATCH ChangeUser, DELETE DropUser;
        "/users/{user}/grants": GET ListGrants, POST CreateGrant;
        "/users/{user}/grants/{grant}": DELETE DropGrant;
    }
    below_catalog {
        "/databases": GET ListDatabases, POST CreateDatabase;
        "/databases/{database}": GET ShowDatabase, PUT EnsureDatabase, PATCH ChangeDatabase, DELETE DropDatabase;
        "/databases/{database}/tables": GET ListTables, POST CreateTable;
        "/databases/{database}/tables/create": POST CreateTable, PUT EnsureTable;
        "/databases/{database}/tables/{table}":
            GET ShowTable, PUT EnsureTable, PATCH ChangeTable, DELETE DropTable;
        "/databases/{database}/tables/{table}/rename": POST RenameTable;
        "/databases/{database}/tables/{table}/columns": GET ListColumns, POST CreateColumn;
        "/databases/{database}/tables/{table}/columns/{column}":
            GET ShowColumn, PUT EnsureColumn, PATCH ChangeColumn, DELETE DropColumn;
        "/databases/{database}/tables/{table}/columns/{column}/rename": POST RenameColumn;
        "/databases/{database}/tables/{table}/tags": GET ListTags, POST CreateTag;
        "/databases/{database}/tables/{table}/tags/{column}":
            GET ShowTag, PUT EnsureTag, PATCH ChangeTag, DELETE DropTag;
        "/databases/{database}/tables/{table}/tags/{column}/rename": POST RenameTag;
        "/databases/{database}/tables/{table}/range_deletions": POST DeleteRange;
    }
};

/// The SQL endpoint of the vendor's server.
const SQL: [&str; 2] = ["/api/v1/catalogs/{catalog}/sql", "/api/v1/catalogs/{catalog}/databases/{database}/sql"];

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut routes = Vec::new();
    for endpoint in ENDPOINTS {
        for (method, action) in endpoint.methods {
            let body: &[Media] = match action.body() {
                BodyKind::Nothing => &[],
                BodyKind::Json => &[Media::Json],
                BodyKind::JsonOrSql => &[Media::Json, Media::Sql, Media::Form],
            };
            let route = Route::new(method, endpoint.path, action.summary());
            routes.push(route.parameters(action.parameters()).body(body));
        }
    }
    for path in SQL {
        let route = Route::post(path, "Answer one query, one JSON value a line");
        routes.push(route.body(&[Media::Json]).answer(&[Media::JsonLines]));
    }
    routes
});

/// Every route.
pub(crate) fn routes() -> &'static [Route] {
    &ROUTES
}

/// The handlers behind [`routes`].
pub(crate) fn router(door: Arc<Door>) -> Router {
    let mut router = Router::new();
    for endpoint in ENDPOINTS {
        let handler =
            async move |State(door): State<Arc<Door>>,
                        path: Result<RawPathParams, RawPathParamsRejection>,
                        request: Request| { handlers::answer(door, endpoint, path, request).await };
        router = router.route(endpoint.path, any(handler));
    }
    for path in SQL {
        router = router.route(path, any(handlers::sql::sql));
    }
    router.with_state(door)
}
