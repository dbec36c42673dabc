"""What a bank says happened on an account: statements read from the formats that banks give."""
