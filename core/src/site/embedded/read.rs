//! Reading instances: queries, pages, counts.

use std::sync::Arc;

use rusqlite::{Connection, Row, params_from_iter};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::catalog::Catalog;
use super::column;
use super::compile::{self, Cell, Context, Part, Shape, Statement};
use super::connections::{Connections, Loan, Running};
use super::instant;
use super::sqlite_error::sqlite_error;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::ROWS_PER_BATCH;
use crate::site::transport::{Answer, RowSource, Rows};
use crate::wmi::wql::Select;
use crate::wmi::{CimType, Identifier, Instance, Property, Value};

type Batch = Result<Vec<Instance>>;

/// Starts a query on a thread of its own; errors of the query text come at once, not with the first row.
pub(super) async fn query(
    connections: &Arc<Connections>,
    catalog: &Arc<Catalog>,
    select: &Select,
) -> Result<Rows> {
    let operation = format!("query class {}", select.from.class);
    let mut loan = connections.lend_for_query(&operation).await?;
    let running = StopOnDrop(loan.running());
    let (sender, mut receiver) = mpsc::channel(2);
    let (select, catalog) = (select.clone(), Arc::clone(catalog));
    let task = tokio::task::spawn_blocking(move || {
        if let Err(error) = stream(&mut loan, &catalog, &select, &sender) {
            drop(loan);
            // Nobody listens any more: the caller dropped the rows.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let first = receiver.recv().await.transpose()?;
    Ok(Rows::new(Reader { first, receiver, running, task }))
}

struct Reader {
    first: Option<Vec<Instance>>,
    receiver: mpsc::Receiver<Batch>,
    running: StopOnDrop,
    task: JoinHandle<()>,
}

struct StopOnDrop(Arc<Running>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl RowSource for Reader {
    fn next_batch(&mut self) -> Answer<'_, Option<Vec<Instance>>> {
        Box::pin(async {
            match self.first.take() {
                Some(batch) => Ok(Some(batch)),
                None => self.receiver.recv().await.transpose(),
            }
        })
    }

    fn close(&mut self) -> Answer<'_, ()> {
        Box::pin(async {
            self.first = None;
            self.receiver.close();
            self.running.0.stop();
            // The connection is given back when the thread ends; how it ends is of no interest any more.
            let _ = (&mut self.task).await;
            Ok(())
        })
    }
}

fn stream(loan: &mut Loan, catalog: &Catalog, select: &Select, sender: &mpsc::Sender<Batch>) -> Result<()> {
    let connection = loan.connection()?;
    let operation = format!("query class {}", select.from.class);
    let failed = |error| sqlite_error(&operation, error);
    // One snapshot for the definition and the rows.
    let transaction = connection.transaction().map_err(failed)?;
    let classes = |name: &Identifier| catalog.class(&transaction, name);
    let families = |name: &Identifier| catalog.family(&transaction, name);
    let context = Context { classes: &classes, families: &families, now: instant::now() };
    let statement = compile::rows(select, context, 0, None)?;
    let mut batch = Vec::new();
    let mut stopped = false;
    for_each_row(&transaction, &statement, &operation, |instance| {
        batch.push(instance);
        if batch.len() >= ROWS_PER_BATCH {
            stopped = sender.blocking_send(Ok(std::mem::take(&mut batch))).is_err();
        }
        !stopped
    })?;
    if !batch.is_empty() && !stopped {
        let _ = sender.blocking_send(Ok(batch));
    }
    Ok(())
}

/// One page of a query.
pub(super) fn page(
    connection: &mut Connection,
    catalog: &Catalog,
    select: &Select,
    skip: u64,
    top: u64,
) -> Result<Vec<Instance>> {
    let operation = format!("query class {}", select.from.class);
    let transaction = connection.transaction().map_err(|error| sqlite_error(&operation, error))?;
    let classes = |name: &Identifier| catalog.class(&transaction, name);
    let families = |name: &Identifier| catalog.family(&transaction, name);
    let context = Context { classes: &classes, families: &families, now: instant::now() };
    let statement = compile::rows(select, context, skip, Some(top))?;
    let mut rows = Vec::new();
    for_each_row(&transaction, &statement, &operation, |instance| {
        rows.push(instance);
        true
    })?;
    Ok(rows)
}

/// How many rows a query has.
pub(super) fn count(connection: &mut Connection, catalog: &Catalog, select: &Select) -> Result<u64> {
    let operation = format!("count rows of class {}", select.from.class);
    let failed = |error| sqlite_error(&operation, error);
    let transaction = connection.transaction().map_err(failed)?;
    let classes = |name: &Identifier| catalog.class(&transaction, name);
    let families = |name: &Identifier| catalog.family(&transaction, name);
    let context = Context { classes: &classes, families: &families, now: instant::now() };
    let statement = compile::count(select, context)?;
    let rows: i64 = transaction
        .prepare_cached(&statement.sql)
        .and_then(|mut sql| sql.query_row(params_from_iter(&statement.parameters), |row| row.get(0)))
        .map_err(failed)?;
    Ok(rows.unsigned_abs())
}

/// Runs a statement and hands over each row as an instance, until the receiver says false.
pub(super) fn for_each_row(
    connection: &Connection,
    statement: &Statement,
    operation: &str,
    mut take: impl FnMut(Instance) -> bool,
) -> Result<()> {
    let failed = |error| sqlite_error(operation, error);
    let mut sql = connection.prepare_cached(&statement.sql).map_err(failed)?;
    let mut rows = sql.query(params_from_iter(&statement.parameters)).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let instance = instance(&statement.shape, row).map_err(|cause| {
            Error::new(ErrorKind::Protocol, operation, format!("the site file is damaged: {cause}"))
        })?;
        if !take(instance) {
            break;
        }
    }
    Ok(())
}

fn instance(shape: &Shape, row: &Row<'_>) -> Result<Instance, String> {
    let parts = match shape {
        Shape::Instances(part) => return part_of_row(part, 0, row),
        Shape::Count(_) => {
            let count = row.get_ref(0).map_err(|error| error.to_string())?;
            let value = column::decode(count, CimType::Uint32, false)?;
            return generic(vec![("Count", value, CimType::Uint32)]);
        }
        Shape::Generic(parts) => parts,
    };
    let mut from = 0;
    let mut objects = Vec::with_capacity(parts.len());
    for part in parts {
        let object = Value::Object(Box::new(part_of_row(part, from, row)?));
        objects.push((part.name.as_str(), object, CimType::Object));
        from += part.width();
    }
    generic(objects)
}

/// What the SMS Provider returns where a row is no instance of a class of its own.
fn generic(properties: Vec<(&str, Value, CimType)>) -> Result<Instance, String> {
    let name = |text: &str| Identifier::new(text).map_err(|error| error.cause().to_owned());
    let properties = properties
        .into_iter()
        .map(|(property, value, cim_type)| Ok(Property::read(name(property)?, value, Some(cim_type), false)));
    Ok(Instance::read(name("__GENERIC")?, None, properties.collect::<Result<_, String>>()?))
}

fn part_of_row(part: &Part, from: usize, row: &Row<'_>) -> Result<Instance, String> {
    let cell = |at: usize| row.get_ref(from + at).map_err(|error| error.to_string());
    let number = match part.has_heirs() {
        false => None,
        // A row that an outer join made up is of the class that was named.
        true => cell(0)?.as_i64_or_null().ok().flatten().and_then(|number| usize::try_from(number).ok()),
    };
    let member = part.member(number).ok_or("a row is of no class of the query")?;
    let mut properties = Vec::with_capacity(member.cells.len());
    for Cell { at, property, is_left_out } in &member.cells {
        let (name, cim_type, is_array) = (property.name.clone(), property.cim_type, property.is_array);
        if *is_left_out {
            properties.push(Property::left_out(name, cim_type, is_array));
            continue;
        }
        let value = column::decode(cell(*at)?, cim_type, is_array)
            .map_err(|cause| format!("property {name}: {cause}"))?;
        properties.push(Property::read(name, value, Some(cim_type), is_array));
    }
    let mut instance = Instance::read(member.class.name.clone(), None, properties);
    instance.set_derivation(&member.derivation);
    // As with the SMS Provider: a row that was read without its key has no path.
    if let Some(path) = member.class.path_of(&instance) {
        instance.mark_stored(path);
    }
    Ok(instance)
}
