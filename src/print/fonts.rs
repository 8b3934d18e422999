//! The letters that papers are printed in: Liberation Serif, which has the measures of Times New Roman (the Decree's font, which may not
//! be given away) and every Vietnamese letter. Its licence (OFL 1.1) lies beside it.

/// The name of the family.
pub const FAMILY: &str = "Liberation Serif";

/// The name of the family that readers of a document have.
pub const DECREED: &str = "Times New Roman";

/// Its four styles.
pub const FILES: [&[u8]; 4] = [
    include_bytes!("fonts/LiberationSerif-Regular.ttf"),
    include_bytes!("fonts/LiberationSerif-Bold.ttf"),
    include_bytes!("fonts/LiberationSerif-Italic.ttf"),
    include_bytes!("fonts/LiberationSerif-BoldItalic.ttf"),
];
