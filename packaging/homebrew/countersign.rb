class Countersign < Formula
  desc "Policy-as-code release gate that leaves signed evidence"
  homepage "@url@"
  version "@version@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@url@/releases/download/v@version@/countersign-@version@-aarch64-apple-darwin.tar.gz"
      sha256 "@aarch64-apple-darwin@"
    end
    on_intel do
      url "@url@/releases/download/v@version@/countersign-@version@-x86_64-apple-darwin.tar.gz"
      sha256 "@x86_64-apple-darwin@"
    end
  end
  on_linux do
    on_arm do
      url "@url@/releases/download/v@version@/countersign-@version@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "@url@/releases/download/v@version@/countersign-@version@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "countersign"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/countersign.bash" => "countersign"
    zsh_completion.install "completions/_countersign"
    fish_completion.install "completions/countersign.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/countersign --version")
  end
end
