//! One Rust source file as a syntax tree, and what the rules of `floors` ask about it.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// A parsed source file.
pub struct File {
    /// Its path from the root of the repository.
    pub name: String,
    pub text: String,
    tree: syn::File,
}

/// A use of another top-level module.
#[derive(Clone)]
pub struct Import {
    pub module: String,
    pub line: usize,
}

pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// What one walk over the tree collects.
#[derive(Default)]
struct Findings {
    imports: Vec<Import>,
    /// Paths to other modules outside of tests, from the root of the crate.
    paths: Vec<(Vec<String>, usize)>,
    functions: Vec<Function>,
    names: Vec<(String, usize)>,
    unwraps: Vec<usize>,
    /// How deep below the crate root the module being read lies.
    depth: usize,
    /// The modules from the root to the file, so that `super::` can be followed to the top.
    home: Vec<String>,
    in_tests: bool,
    in_trait_impl: bool,
}

/// Every Rust file under `folder`, which is named from the root of the repository.
pub fn read_sources(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(File::read(root, &path));
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

impl File {
    fn read(root: &Path, path: &PathBuf) -> Self {
        Self::parse(
            &path.strip_prefix(root).unwrap().display().to_string(),
            &fs::read_to_string(path).unwrap(),
        )
    }

    /// The file that would have this name and this text.
    pub fn parse(name: &str, text: &str) -> Self {
        let tree = syn::parse_file(text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            tree,
        }
    }

    pub fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// The module at the crate's root that the file belongs to.
    pub fn top_module(&self) -> &str {
        let inside = self.name.strip_prefix("src/").unwrap_or(&self.name);
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    pub fn imports(&self) -> Vec<Import> {
        self.walk().imports
    }

    /// Every path in it that leads to another module, from the root of the crate, and its line; not those in tests.
    pub fn paths(&self) -> Vec<(Vec<String>, usize)> {
        self.walk().paths
    }

    pub fn functions(&self) -> Vec<Function> {
        self.walk().functions
    }

    /// Names of functions, types, traits, modules and of the file, except those that a foreign trait dictates.
    pub fn names(&self) -> Vec<(String, usize)> {
        let mut names = self.walk().names;
        names.extend(
            self.path_from_root()
                .into_iter()
                .next_back()
                .map(|name| (name, 1)),
        );
        names
    }

    /// Lines that call `unwrap()` outside test modules.
    pub fn unwraps(&self) -> Vec<usize> {
        self.walk().unwraps
    }

    fn walk(&self) -> Findings {
        let home = self.path_from_root();
        let mut findings = Findings {
            depth: home.len(),
            in_tests: home.iter().any(|name| name == "tests"),
            home,
            ..Findings::default()
        };
        findings.visit_file(&self.tree);
        findings
    }

    /// The modules from the root of the crate to this one.
    pub fn path_from_root(&self) -> Vec<String> {
        let inside = self
            .name
            .strip_prefix("src/")
            .unwrap_or(&self.name)
            .trim_end_matches(".rs");
        inside.split('/').map(str::to_owned).collect()
    }
}

impl Findings {
    /// Notes the top-level module that a path leads to, if it leaves by `crate::` or by enough `super::`s.
    fn follow(&mut self, segments: &[String], span: Span) {
        let supers = segments.iter().take_while(|name| *name == "super").count();
        let above = match segments.first().map(String::as_str) {
            Some("crate") => segments.get(1).cloned(),
            Some("super") if supers >= self.depth => segments.get(supers).cloned(),
            Some("super") => self.home.first().cloned(),
            _ => None,
        };
        let line = span.start().line;
        if !self.in_tests {
            self.paths
                .extend(self.absolute(segments, supers).map(|path| (path, line)));
        }
        self.imports.extend(above.map(|module| Import { module, line }));
    }

    /// A path from the root of the crate, if it leaves the file.
    fn absolute(&self, segments: &[String], supers: usize) -> Option<Vec<String>> {
        match segments.first().map(String::as_str) {
            Some("crate") => Some(segments[1..].to_vec()),
            Some("super") => {
                // Modules written within the file lie below it.
                let above = self.depth.checked_sub(supers)?;
                let base = self.home.get(..above)?;
                Some([base, &segments[supers..]].concat())
            }
            _ => None,
        }
    }

    fn follow_tree(&mut self, tree: &syn::UseTree, before: &mut Vec<String>, span: Span) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.follow_tree(&path.tree, before, span);
                before.pop();
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.follow_tree(tree, before, span);
                }
            }
            syn::UseTree::Name(name) => {
                self.follow(&[&before[..], &[name.ident.to_string()]].concat(), span);
            }
            syn::UseTree::Rename(name) => {
                self.follow(&[&before[..], &[name.ident.to_string()]].concat(), span);
            }
            syn::UseTree::Glob(_) => self.follow(&before.clone(), span),
        }
    }

    fn name(&mut self, ident: &syn::Ident) {
        // The names of tests are sentences, in which "do not" is no vagueness.
        if !self.in_tests {
            self.names.push((ident.to_string(), ident.span().start().line));
        }
    }

    fn function(&mut self, signature: &syn::Signature, end: Span) {
        let line = signature.span().start().line;
        let lines = end.end().line + 1 - line;
        self.functions.push(Function {
            name: signature.ident.to_string(),
            line,
            lines,
        });
        if !self.in_trait_impl {
            self.name(&signature.ident);
        }
    }
}

impl<'a> Visit<'a> for Findings {
    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.follow_tree(&item.tree, &mut Vec::new(), item.span());
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments: Vec<_> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.follow(&segments, path.span());
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        let outer = self.in_tests;
        self.in_tests |= is_for_tests(&item.attrs);
        self.name(&item.ident);
        self.depth += 1;
        visit::visit_item_mod(self, item);
        self.depth -= 1;
        self.in_tests = outer;
    }

    fn visit_item_impl(&mut self, item: &'a syn::ItemImpl) {
        let outer = std::mem::replace(&mut self.in_trait_impl, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.in_trait_impl = outer;
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        self.function(&item.sig, item.block.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        self.function(&item.sig, item.block.span());
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'a syn::TraitItemFn) {
        self.function(&item.sig, item.span());
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'a syn::ItemStruct) {
        self.name(&item.ident);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'a syn::ItemEnum) {
        self.name(&item.ident);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'a syn::ItemTrait) {
        self.name(&item.ident);
        visit::visit_item_trait(self, item);
    }

    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        if call.method == "unwrap" && !self.in_tests {
            self.unwraps.push(call.method.span().start().line);
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}
