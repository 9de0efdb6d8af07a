//! The rules of deeds, from outside: a world of documents, people who act in it, and a book-keeper.

mod books;
mod chests;
mod claims;
mod commits;
mod consents;
mod fixture;
mod gathering;
mod hands;
mod manual;
mod pages;
mod tables;
mod trades;
