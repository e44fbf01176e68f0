//! Our client before the simulator, which was written from the documents and knows nothing of it: happy and refused
//! stories, and not one remark about what we send.
