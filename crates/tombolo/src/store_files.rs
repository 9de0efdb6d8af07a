//! `tombolo store dump`, `check`, `ledger` and `load`: the whole store as lines of JSON.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use ledger::Ledger;
use serde_json::json;
use store::dump::{Audit, Line};
use store::{Document, Key};
use store_fjall::{FjallConfig, FjallStore, FjallStoreError, dump_of_running};

use crate::failure::{Failure, Outcome, chain};

/// The folder of a store.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// The folder of the store; it may be in use
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
}

/// Options of `tombolo store dump`.
#[derive(Debug, Args)]
pub struct DumpArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Write to this file, which must not exist, instead of the terminal
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Options of `tombolo store ledger`.
#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// The folder of the store; it may be in use, but nobody may act
    #[arg(long, value_name = "FOLDER", required_unless_present = "from")]
    data: Option<PathBuf>,
    /// Read this dump instead of a folder
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    from: Option<PathBuf>,
    /// What clients were told, as `tombolo bots --receipts` writes it; several are taken together
    #[arg(long, value_name = "FILE,…", value_delimiter = ',')]
    receipts: Vec<PathBuf>,
}

/// Options of `tombolo store load`.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// The folder of the store, which must be empty or not exist
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// Read from this file instead of standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// Writes a dump. A file is complete when it has its name: until then it is `NAME.part`.
pub fn dump(args: &DumpArgs) -> Outcome {
    let Some(file) = &args.to else {
        copy_dump(&args.data.data, &mut io::stdout().lock())?;
        return Ok(ExitCode::SUCCESS);
    };
    let failed = |e: io::Error| Failure::run(format!("--to {}: {e}", file.display()));
    if file.exists() {
        return Err(Failure::usage(format!("--to {}: it exists; choose another name", file.display())));
    }
    let mut part = file.clone().into_os_string();
    part.push(".part");
    let out = File::create(&part).map_err(|e| Failure::usage(format!("--to {}: {e}", file.display())))?;
    let copied = copy_dump(&args.data.data, &mut &out);
    if copied.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    copied?;
    out.sync_all().map_err(failed)?;
    std::fs::rename(&part, file).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}

/// Copies the lines of a dump, and sees that it is whole.
fn copy_dump(folder: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let mut out = BufWriter::new(out);
    let mut whole = false;
    each_line(folder, |line| {
        whole = line.starts_with("{\"end\":");
        writeln!(out, "{line}")
    })?;
    out.flush().map_err(|e| Failure::run(format!("the dump cannot be written: {e}")))?;
    if whole { Ok(()) } else { Err(Failure::run("the store closed before the dump was complete; try again")) }
}

/// The lines of a dump of the store in a folder: from the process that has it open, or from the folder.
fn each_line(folder: &Path, mut each: impl FnMut(&str) -> io::Result<()>) -> Result<(), Failure> {
    let failed = |e: io::Error| Failure::run(format!("{}: {e}", folder.display()));
    if let Some(running) = dump_of_running(folder).map_err(failed)? {
        return lines(running, |_, line| each(line)).map_err(failed);
    }
    if !folder.exists() {
        return Err(Failure::usage(format!("--data {}: there is no such folder", folder.display())));
    }
    let store = open(folder)?;
    let mut sink = Lines { rest: Vec::new(), each };
    store.dump(&mut sink).map_err(failed)
}

fn open(folder: &Path) -> Result<FjallStore, Failure> {
    FjallStore::open(folder, FjallConfig::default()).map_err(|e| Failure::usage(format!("--data {}", chain(&e))))
}

/// Hands on each line that is written to it.
struct Lines<F> {
    rest: Vec<u8>,
    each: F,
}

impl<F: FnMut(&str) -> io::Result<()>> Write for Lines<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            (self.each)(String::from_utf8_lossy(&line[..end]).as_ref())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines(from: impl Read, mut each: impl FnMut(u64, &str) -> io::Result<()>) -> io::Result<()> {
    for (number, line) in (1..).zip(BufReader::new(from).lines()) {
        each(number, &line?)?;
    }
    Ok(())
}

/// Audits a store: a line for each fault, and one with what was counted. Exit code 1 if there are faults.
pub fn check(args: &DataArgs) -> Outcome {
    let mut audit = Audit::default();
    each_line(&args.data, |line| {
        if let Some(fault) = audit.take(line) {
            println!("{}", json!(fault));
        }
        Ok(())
    })?;
    let (faults, counts) = audit.finish();
    for fault in faults {
        println!("{}", json!(fault));
    }
    println!("{}", json!(counts));
    Ok(ExitCode::from(u8::from(counts.faults > 0)))
}

/// Holds a store to what clients were told, and its items to its books. Exit code 1 if something is wrong.
pub fn ledger(args: &LedgerArgs) -> Outcome {
    let mut ledger = Ledger::default();
    for file in &args.receipts {
        let receipts = read(file, "--receipts")?;
        receipts.lines().for_each(|line| ledger.receipt(line));
    }
    match (&args.data, &args.from) {
        (Some(folder), _) => each_line(folder, |line| {
            ledger.document(line);
            Ok(())
        })?,
        (None, Some(file)) => read(file, "--from")?.lines().for_each(|line| ledger.document(line)),
        (None, None) => return Err(Failure::usage("name a store: --data FOLDER or --from FILE")),
    }
    let findings = ledger.check();
    println!("{}", json!(findings));
    Ok(ExitCode::from(u8::from(!findings.is_well())))
}

fn read(file: &Path, option: &str) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|e| Failure::usage(format!("{option} {}: {e}", file.display())))
}

/// Loads a dump into an empty store. A dump that is cut off is not loaded at all.
pub fn load(args: &LoadArgs) -> Outcome {
    let text = match &args.from {
        Some(file) => read(file, "--from")?,
        None => io::read_to_string(io::stdin().lock()).map_err(|e| Failure::usage(format!("standard input: {e}")))?,
    };
    let mut audit = Audit::default();
    let fault = text.lines().find_map(|line| audit.take(line)).or_else(|| audit.finish().0.into_iter().next());
    if let Some(fault) = fault {
        let place = if fault.key.is_empty() { String::new() } else { format!("{}: ", fault.key) };
        return Err(Failure::usage(format!("the dump cannot be loaded: {place}{}", fault.fault)));
    }
    let store = open(&args.data)?;
    let documents = text.lines().filter_map(|line| document(line).map(Ok::<_, FjallStoreError>));
    let count =
        store.load(documents).map_err(|e| Failure::usage(format!("--data {}: {}", args.data.display(), chain(&e))))?;
    println!("{}", json!({ "loaded": count }));
    Ok(ExitCode::SUCCESS)
}

fn document(line: &str) -> Option<(Key, Document)> {
    match Line::parse(line) {
        Ok(Line::Document { key, document, .. }) => Some((key, document)),
        _ => None,
    }
}
