//! Prepares `static/` for `web::assets`: release builds embed the files, compressed; debug builds read them from disk.

fn main() {
    // Templates hold the names of static files, and a changed one needs no other step here.
    memory_serve::load_directory("static");
}
